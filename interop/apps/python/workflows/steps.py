"""The step kinds that wait for something: events, other functions, a model; and how runs end before their code does."""

import datetime

import inngest
from inngest.experimental.ai.openai import Adapter
from inngest_client import inngest_client
from services import llm_service_url, note

MINUTE = datetime.timedelta(minutes=1)
SECOND = datetime.timedelta(seconds=1)


def function(fn_id: str, event: str, **options):
    return inngest_client.create_function(
        fn_id=fn_id, trigger=inngest.TriggerEvent(event=event), **options
    )


def told(error: inngest.StepError) -> list[str]:
    return [error.name, error.message]


@function("wait", "step/wait")
async def wait(ctx: inngest.Context):
    reply = await ctx.step.wait_for_event(
        "reply",
        event="step/reply",
        if_exp="event.data.key == async.data.key && async.data.level > event.data.level",
        timeout=MINUTE,
    )
    nothing = await ctx.step.wait_for_event("never", event="step/never", timeout=SECOND)
    assert reply is not None
    return [reply.id, reply.name, reply.data["text"], reply.ts > 0, nothing]


@function("double", "step/double")
async def double(ctx: inngest.Context):
    async def body() -> int:
        await note(ctx.event.data["key"], "child", ctx.event.name)
        return ctx.event.data["number"] * 2

    return await ctx.step.run("double", body)


@function("child-fails", "step/child-fails", retries=1)
async def child_fails(ctx: inngest.Context):
    await note(ctx.event.data["key"], "attempt", ctx.attempt)
    raise LookupError("child is broken")


@function("child-sleeps", "step/child-sleeps")
async def child_sleeps(ctx: inngest.Context):
    await ctx.step.sleep("for ever", datetime.timedelta(hours=1))


@function("invoke", "step/invoke")
async def invoke(ctx: inngest.Context):
    data = {"key": ctx.event.data["key"], "number": 21}
    step = ctx.step
    doubled = await step.invoke("one", function=double, data=data)
    by_id = await step.invoke_by_id("two", function_id="double", data=data, timeout=MINUTE)
    of_app = await step.invoke_by_id("three", app_id="other-app", function_id="echo", data=data)
    return [doubled, by_id, of_app]


@function("invoke-errors", "step/invoke-errors")
async def invoke_errors(ctx: inngest.Context):
    data = {"key": ctx.event.data["key"]}
    errors = []
    for fn_id in ("child-fails", "child-sleeps", "missing"):
        try:
            await ctx.step.invoke_by_id(fn_id, function_id=fn_id, data=data, timeout=SECOND * 3)
        except inngest.StepError as error:
            errors.append(told(error))
    return errors


@function("group", "step/group")
async def group(ctx: inngest.Context):
    key = ctx.event.data["key"]
    step = ctx.step

    async def part(name: str) -> str:
        await note(key, name)
        return name

    async def text(step_id: str) -> str | None:
        reply = await step.wait_for_event(
            step_id, event="step/reply", if_exp="event.data.key == async.data.key", timeout=MINUTE
        )
        return None if reply is None else reply.data["text"]

    parts = await ctx.group.parallel(
        (
            lambda: step.run("run", part, "run"),
            lambda: text("reply"),
            lambda: step.sleep("sleep", SECOND),
            lambda: step.invoke("invoke", function=double, data={"key": key, "number": 4}),
            lambda: step.send_event("send", inngest.Event(name="step/ignored")),
            lambda: step.wait_for_event("never", event="step/never", timeout=SECOND),
        ),
        parallel_mode=inngest.ParallelMode.RACE
        if ctx.event.data.get("race")
        else inngest.ParallelMode.WAIT,
    )
    results = [len(part) if isinstance(part, list) else part for part in parts]
    return [*results, await step.run("after", part, "after")]


@function("loop-of-waits", "step/loop")
async def loop_of_waits(ctx: inngest.Context):
    texts = []
    while True:
        reply = await ctx.step.wait_for_event(
            "reply", event="step/reply", if_exp="event.data.key == async.data.key", timeout=MINUTE
        )
        if reply is None or reply.data["text"] == "stop":
            return texts
        texts.append(reply.data["text"])


@function("infer", "step/infer")
async def infer(ctx: inngest.Context):
    adapter = Adapter(auth_key="key-of-openai", base_url=llm_service_url, model="gpt-5")
    messages = [{"role": "user", "content": "Hello, ünï"}]
    body = {"lead_id": ctx.event.data["key"], "messages": messages}
    return await ctx.step.ai.infer("ask", adapter=adapter, body=body)


async def on_failure(ctx: inngest.Context) -> None:
    async def body() -> None:
        error = ctx.event.data["error"]
        await note(ctx.event.data["event"]["data"]["key"], "failure", error["message"])

    await ctx.step.run("note", body)


@function(
    "stopped",
    "step/stopped",
    cancel=[
        inngest.Cancel(event="step/other"),
        inngest.Cancel(event="step/stop", if_exp="event.data.key == async.data.key"),
    ],
    on_failure=on_failure,
)
async def stopped(ctx: inngest.Context):
    await ctx.step.sleep("nap", datetime.timedelta(hours=1))
    await note(ctx.event.data["key"], "after")


@function("out-of-time", "step/out-of-time", timeouts=inngest.Timeouts(finish=1000), on_failure=on_failure)
async def out_of_time(ctx: inngest.Context):
    await ctx.step.sleep("nap", datetime.timedelta(hours=1))
    await note(ctx.event.data["key"], "after")


@function("on-cancelled", "inngest/function.cancelled")
async def on_cancelled(ctx: inngest.Context):
    data = ctx.event.data
    await note(data["event"]["data"]["key"], "cancelled", data["function_id"])


@function("invoke-uncaught", "step/invoke-uncaught", on_failure=on_failure)
async def invoke_uncaught(ctx: inngest.Context):
    await ctx.step.invoke("call", function=child_fails, data={"key": ctx.event.data["key"]})


@function("repeatable", "step/repeatable")
async def repeatable(ctx: inngest.Context):
    async def part(name: str) -> str:
        await note(ctx.event.data["key"], name)
        return name

    return [await ctx.step.run(name, part, name) for name in ("first", "second", "third")]


@function("in-thread", "step/in-thread")
def in_thread(ctx: inngest.ContextSync):
    """The synchronous flavour: no `await`, and a thread of its own."""
    key = ctx.event.data["key"]
    reply = ctx.step.wait_for_event(
        "reply", event="step/reply", if_exp="event.data.key == async.data.key", timeout=MINUTE
    )
    number = ctx.step.run("number", lambda: 4)
    doubled = ctx.step.invoke("double", function=double, data={"key": key, "number": number})
    parts = ctx.group.parallel(
        (
            lambda: ctx.step.run("a", lambda: "a"),
            lambda: ctx.step.sleep("b", SECOND),
            lambda: ctx.step.send_event("c", inngest.Event(name="step/ignored")),
        )
    )
    return [reply.data["text"] if reply else None, doubled, parts[0], parts[1], len(parts[2])]


steps = [
    wait,
    double,
    child_fails,
    child_sleeps,
    invoke,
    invoke_errors,
    group,
    loop_of_waits,
    infer,
    stopped,
    out_of_time,
    on_cancelled,
    invoke_uncaught,
    repeatable,
    in_thread,
]
