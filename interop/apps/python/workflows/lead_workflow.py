"""Section 4: steps that pass data on, and branches. Section 7: events from within workflows."""

import inngest
from inngest_client import inngest_client
from services import call, note


async def create_lead_profile(lead: dict, lead_id: str) -> dict:
    return await call("create-profile", {"lead": lead, "lead_id": lead_id})


async def create_personalized_offer(
    lead_id: str, individual_profile: dict, company_profile: dict
) -> dict:
    return await call(
        "create-offer",
        {
            "lead_id": lead_id,
            "individual_profile": individual_profile,
            "company_profile": company_profile,
        },
    )


async def create_outreach_strategy(lead_id: str, profile: dict, offer: dict) -> dict:
    return await call(
        "create-strategy", {"lead_id": lead_id, "profile": profile, "offer": offer}
    )


async def create_email_content(
    lead_id: str, profile: dict, offer: dict, strategy: dict
) -> dict:
    return {"subject": offer["headline"], "to": profile["individual_profile"]["email"]}


async def send_email(lead_id: str, email_content: dict) -> dict:
    return await call("send-email", {"lead_id": lead_id, **email_content})


async def create_call_script(
    lead_id: str, profile: dict, offer: dict, strategy: dict
) -> dict:
    return {"script": f"Hello, {profile['individual_profile']['name']}"}


async def initiate_phone_call(lead_id: str, call_script: dict) -> dict:
    return await call("call-phone", {"lead_id": lead_id, **call_script})


@inngest_client.create_function(
    fn_id="leads/process-new-lead",
    trigger=inngest.TriggerEvent(event="api/new-lead"),
)
async def lead_workflow(ctx: inngest.Context):
    lead_id = ctx.event.data["lead_id"]
    lead = ctx.event.data["lead"]

    profile = await ctx.step.run("create-profile", create_lead_profile, lead, lead_id)

    offer = await ctx.step.run(
        "create-offer",
        create_personalized_offer,
        lead_id,
        profile.get("individual_profile"),
        profile.get("company_profile"),
    )

    strategy = await ctx.step.run(
        "create-strategy", create_outreach_strategy, lead_id, profile, offer
    )

    first_method = strategy.get("first_method")

    if first_method == "email":
        email_content = await ctx.step.run(
            "create-email", create_email_content, lead_id, profile, offer, strategy
        )
        await ctx.step.run("send-email", send_email, lead_id, email_content)

    elif first_method == "phone":
        call_script = await ctx.step.run(
            "create-call-script", create_call_script, lead_id, profile, offer, strategy
        )
        await ctx.step.run("initiate-call", initiate_phone_call, lead_id, call_script)

    return {"status": "completed", "lead_id": lead_id, "method": first_method}


@inngest_client.create_function(
    fn_id="leads/initial",
    trigger=inngest.TriggerEvent(event="api/new-lead"),
)
async def initial_workflow(ctx: inngest.Context):
    lead_id = ctx.event.data["lead_id"]

    await inngest_client.send(
        inngest.Event(
            name="workflow/await-reply",
            data={"lead_id": lead_id, "follow_up_time": 86400},
        )
    )

    return {"status": "completed"}


@inngest_client.create_function(
    fn_id="leads/await-reply",
    trigger=inngest.TriggerEvent(event="workflow/await-reply"),
)
async def await_reply(ctx: inngest.Context):
    await note(ctx.event.data["lead_id"], "await-reply", ctx.event.data["follow_up_time"])
