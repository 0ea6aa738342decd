"""The function registry of the guide's section 3."""

from .behaviour import behaviour
from .drip_campaign import as_written, drip_campaign
from .flow import functions as flow
from .lead_workflow import await_reply, initial_workflow, lead_workflow
from .limits import handle_user_action, process_order, send_notification
from .orders import daily_report, every_second, handle_order_event
from .payments import call_external_api, payment_as_written, payments
from .steps import steps

functions = [
    lead_workflow,
    initial_workflow,
    await_reply,
    call_external_api,
    payments,
    payment_as_written,
    process_order,
    handle_user_action,
    send_notification,
    handle_order_event,
    daily_report,
    every_second,
    drip_campaign,
    as_written,
    *behaviour,
    *steps,
    *flow,
]
