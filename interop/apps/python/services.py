"""The services around the app, one stub in the test: an LLM, e-mail, phone, a payment gateway, and a place for notes."""

import os

import httpx

llm_service_url = os.environ["SERVICES_URL"]


async def call(path: str, body: dict) -> dict:
    async with httpx.AsyncClient(timeout=120) as client:
        response = await client.post(f"{llm_service_url}/{path}", json=body)
        response.raise_for_status()
        return response.json()


async def note(key: str, what: str, value: object = None) -> None:
    await call("note", {"key": key, "what": what, "value": value})
