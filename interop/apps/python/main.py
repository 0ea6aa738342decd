"""The app: section 3 of the guide, and the API endpoints of section 7 that send events."""

import inngest
import inngest.fast_api
from fastapi import FastAPI
from inngest_client import inngest_client
from workflows import functions

app = FastAPI()

inngest.fast_api.serve(app, inngest_client, functions)


@app.get("/health")
async def health() -> dict:
    return {"status": "up"}


@app.post("/leads")
async def create_lead(lead: dict) -> dict:
    ids = await inngest_client.send(
        inngest.Event(
            name="api/new-lead",
            data={"lead_id": lead["id"], "lead": lead, "client_id": lead.get("client_id")},
        )
    )
    return {"lead_id": lead["id"], "status": "workflow_triggered", "ids": ids}


@app.post("/orders")
async def create_order(order: dict) -> dict:
    ids = await inngest_client.send(
        [
            inngest.Event(name="order/placed", data=order),
            inngest.Event(name="inventory/reserved", data=order),
            inngest.Event(
                name="notification/send",
                data={"user_id": order["user_id"], "type": "order_confirmation"},
            ),
        ]
    )
    return {"ids": ids}


@app.post("/events")
async def send_event(event: dict) -> dict:
    ids = await inngest_client.send(
        inngest.Event(name=event["name"], data=event["data"], id=event.get("id", ""))
    )
    return {"ids": ids}


@app.post("/bursts")
async def send_burst(burst: dict) -> dict:
    ids = await inngest_client.send(
        [inngest.Event(name=burst["name"], data=data) for data in burst["data"]]
    )
    return {"ids": ids}
