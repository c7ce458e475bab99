"""The tables: where their objects are listed, and which events tell that one has changed.

https://docs.stripe.com/api/events/types
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pack_sdk import Schema

from . import schemas


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table, of the objects below `path`, whose kind is `kind`.

    `events` is the filter for the events that tell of changes, empty where there are none: then
    objects never change, unless with `changes_untold`. `query` is what the list needs to be
    complete.
    """

    name: str
    identity: str
    path: str
    kind: str
    schema: Schema
    description: str
    events: Mapping[str, str | Sequence[str]] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    changes_untold: bool = False

    def changed_by(self, event: Mapping[str, Any], since: int) -> str | None:
        """The id of the object of this kind that an event is about, if it has to be got.

        Events of other objects that belong to one, such as a charge's dispute, change it too. One
        created `since` (seconds) is listed anyway, if it is there.
        """
        about = event["data"]["object"]
        if about["object"] != self.kind:
            owner = about.get(self.kind)
            return owner if isinstance(owner, str) else None
        is_listed = about["created"] >= since and not event["type"].endswith(".deleted")
        return None if is_listed else str(about["id"])


TABLES = (
    Table(
        name="Customers",
        identity="Customer",
        path="customers",
        kind="customer",
        schema=schemas.CUSTOMER,
        description="Customers.",
        events={"type": "customer.*"},
    ),
    Table(
        name="Products",
        identity="Product",
        path="products",
        kind="product",
        schema=schemas.PRODUCT,
        description="What is sold, archived products too.",
        events={"type": "product.*"},
    ),
    Table(
        name="Prices",
        identity="Price",
        path="prices",
        kind="price",
        schema=schemas.PRICE,
        description="What products cost, and how often; archived prices too.",
        events={"type": "price.*"},
    ),
    Table(
        name="Subscriptions",
        identity="Subscription",
        path="subscriptions",
        kind="subscription",
        schema=schemas.SUBSCRIPTION,
        description="Subscriptions, also those that have ended.",
        events={"type": "customer.subscription.*"},
        query={"status": "all"},
    ),
    Table(
        name="Invoices",
        identity="Invoice",
        path="invoices",
        kind="invoice",
        schema=schemas.INVOICE,
        description="Invoices, drafts too.",
        events={"type": "invoice.*"},
    ),
    Table(
        name="InvoiceItems",
        identity="InvoiceItem",
        path="invoiceitems",
        kind="invoiceitem",
        schema=schemas.INVOICE_ITEM,
        description="Items that were added to invoices by themselves, or wait for the next one. "
        "Stripe has no event for their changes: they are read as a whole in each sync.",
        changes_untold=True,
    ),
    Table(
        name="Charges",
        identity="Charge",
        path="charges",
        kind="charge",
        schema=schemas.CHARGE,
        description="Charges, those that failed as well.",
        events={"type": "charge.*"},
    ),
    Table(
        name="Refunds",
        identity="Refund",
        path="refunds",
        kind="refund",
        schema=schemas.REFUND,
        description="Refunds of charges.",
        events={
            "types": ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"]
        },
    ),
    Table(
        name="Payouts",
        identity="Payout",
        path="payouts",
        kind="payout",
        schema=schemas.PAYOUT,
        description="Payouts to the account's bank account or card.",
        events={"type": "payout.*"},
    ),
    Table(
        name="BalanceTransactions",
        identity="BalanceTransaction",
        path="balance_transactions",
        kind="balance_transaction",
        schema=schemas.BALANCE_TRANSACTION,
        description="All that was added to the account's balance or taken from it; never changed.",
    ),
    Table(
        name="Disputes",
        identity="Dispute",
        path="disputes",
        kind="dispute",
        schema=schemas.DISPUTE,
        description="Charges that customers dispute with their bank.",
        events={"type": "charge.dispute.*"},
    ),
    Table(
        name="Events",
        identity="Event",
        path="events",
        kind="event",
        schema=schemas.EVENT,
        description="What happened in the account, in the last 30 days.",
    ),
)
