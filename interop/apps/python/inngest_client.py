"""The client, as the guide's section 2 writes it."""

import logging
import os

import inngest

inngest_client = inngest.Inngest(
    app_id="your-app-name",
    logger=logging.getLogger("uvicorn"),
    is_production=os.getenv("ENVIRONMENT") == "production",
)
