"""What the guide does not show: parallel steps, loops, failures that are handled, and large state."""

import hashlib

import inngest
from inngest_client import inngest_client
from services import note

MEGABYTE = 1_048_576


@inngest_client.create_function(
    fn_id="parallel", trigger=inngest.TriggerEvent(event="test/parallel")
)
async def parallel(ctx: inngest.Context):
    key = ctx.event.data["key"]

    async def part(name: str) -> str:
        await note(key, name)
        return name

    async def both() -> tuple[str, ...]:
        return await ctx.group.parallel(
            (
                lambda: ctx.step.run("a", part, "a"),
                lambda: ctx.step.run("b", part, "b"),
                lambda: ctx.step.run("c", part, "c"),
            )
        )

    parts = await both()
    after = await ctx.step.run("after", part, "after")
    return [*parts, after]


@inngest_client.create_function(
    fn_id="loop", trigger=inngest.TriggerEvent(event="test/loop")
)
async def loop(ctx: inngest.Context):
    async def square(number: int) -> int:
        await note(ctx.event.data["key"], "body", number)
        return number * number

    return [await ctx.step.run("square", square, number) for number in range(4)]


async def on_failure(ctx: inngest.Context) -> None:
    original = ctx.event.data["event"]
    await note(
        original["data"]["key"],
        "failure",
        {"function_id": ctx.event.data["function_id"], "name": ctx.event.name},
    )


@inngest_client.create_function(
    fn_id="uncaught",
    trigger=inngest.TriggerEvent(event="test/uncaught"),
    retries=1,
    on_failure=on_failure,
)
async def uncaught(ctx: inngest.Context):
    async def doomed() -> None:
        await note(ctx.event.data["key"], "body", ctx.attempt)
        raise ValueError("nobody catches me")

    await ctx.step.run("doomed", doomed)


@inngest_client.create_function(
    fn_id="caught", trigger=inngest.TriggerEvent(event="test/caught"), retries=0
)
async def caught(ctx: inngest.Context):
    async def doomed() -> None:
        raise ValueError("no good")

    async def recover() -> str:
        return "recovered"

    try:
        await ctx.step.run("doomed", doomed)
        return "not reached"
    except inngest.StepError as error:
        return [error.name, error.message, await ctx.step.run("recover", recover)]


@inngest_client.create_function(
    fn_id="big", trigger=inngest.TriggerEvent(event="test/big")
)
async def big(ctx: inngest.Context):
    async def part(number: int) -> str:
        return str(number) * MEGABYTE

    parts = [await ctx.step.run("part", part, number) for number in range(6)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


@inngest_client.create_function(
    fn_id="sender", trigger=inngest.TriggerEvent(event="test/sender")
)
async def sender(ctx: inngest.Context):
    key = ctx.event.data["key"]
    return await ctx.step.send_event(
        "send", [inngest.Event(name="test/child", data={"key": key, "number": n}) for n in (1, 2)]
    )


@inngest_client.create_function(
    fn_id="child", trigger=inngest.TriggerEvent(event="test/child")
)
async def child(ctx: inngest.Context):
    await note(ctx.event.data["key"], "child", ctx.event.data["number"])


@inngest_client.create_function(
    fn_id="conditional",
    trigger=inngest.TriggerEvent(event="test/conditional", expression="event.data.total > 100"),
)
async def conditional(ctx: inngest.Context):
    await note(ctx.event.data["key"], "large", ctx.event.data["total"])


behaviour = [parallel, loop, uncaught, caught, big, sender, child, conditional]
