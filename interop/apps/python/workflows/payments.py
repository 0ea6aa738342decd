"""Section 5: retries, and the errors that change them."""

import datetime

import inngest
from inngest_client import inngest_client
from services import note


@inngest_client.create_function(
    fn_id="api/external-call",
    trigger=inngest.TriggerEvent(event="api/call-external"),
    retries=5,
)
async def call_external_api(ctx: inngest.Context):
    key = ctx.event.data["key"]

    async def fail() -> None:
        await note(key, "attempt", ctx.attempt)
        raise ConnectionError("nobody there")

    await ctx.step.run("external", fail)


async def process_payment(payment_data: dict, attempt: int) -> dict:
    key = payment_data["key"]
    await note(key, "attempt", attempt)
    kind = payment_data["kind"]
    if kind == "invalid-card":
        raise inngest.NonRetriableError("Invalid card: expired")
    if kind == "rate-limit" and attempt == 0:
        raise inngest.RetryAfterError(
            "Rate limited by payment gateway", datetime.timedelta(seconds=3)
        )
    if kind == "timeout" and attempt < 2:
        raise TimeoutError("gateway timed out")
    return {"success": True, "transaction_id": f"tx-{key}"}


@inngest_client.create_function(
    fn_id="payments/process",
    trigger=inngest.TriggerEvent(event="payment/requested"),
)
async def payments(ctx: inngest.Context):
    return await ctx.step.run(
        "charge", process_payment, dict(ctx.event.data), ctx.attempt
    )


@inngest_client.create_function(
    fn_id="payments/as-written",
    trigger=inngest.TriggerEvent(event="payment/as-written"),
    retries=1,
)
async def payment_as_written(ctx: inngest.Context):
    """The order of arguments in the guide is not the SDK's."""

    async def limited() -> None:
        await note(ctx.event.data["key"], "attempt", ctx.attempt)
        raise inngest.RetryAfterError("1h", "Rate limited by payment gateway")  # type: ignore[arg-type]

    await ctx.step.run("charge", limited)
