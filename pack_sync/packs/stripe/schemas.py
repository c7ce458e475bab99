"""What the columns of the tables mean, after Stripe's reference: https://docs.stripe.com/api."""

from pack_sdk import Schema, make_object_schema
from pack_sdk import columns as c


def _table(description: str, display: str, properties: dict[str, Schema]) -> Schema:
    common = {
        "id": c.text("Identifier.", required=True),
        "is_live": c.flag("Whether it is of live mode, not of a test.", "livemode"),
    }
    return make_object_schema(
        description=description,
        id_property="id",
        display_property=display,
        properties={**common, **properties},
    )


def _amount(description: str, from_key: str | None = None) -> Schema:
    return c.whole(f"{description} In the smallest unit of the currency.", from_key)


def _at(description: str, from_key: str | None = None) -> Schema:
    return c.moment_of_seconds(description, from_key)


_CREATED = _at("When it was made.", "created")
_CURRENCY = c.text("ISO code of the currency, in lower case.")
_METADATA = c.json("What your own programs have noted.")
_CUSTOMER = c.text("The customer.", "customer")
_DESCRIPTION = c.text("Description.")

CUSTOMER = _table(
    "A customer.",
    "name",
    {
        "name": c.text("Name."),
        "email": c.email("E-mail address."),
        "phone": c.text("Telephone number."),
        "description": _DESCRIPTION,
        "country": c.text("ISO code of the country.", "address.country"),
        "city": c.text("City.", "address.city"),
        "postal_code": c.text("Postal code.", "address.postal_code"),
        "address_line1": c.text("Street, or the like.", "address.line1"),
        "balance": _amount("What is owed (negative: what is credited) on the next invoice."),
        "currency": c.text("The currency of their invoices."),
        "is_delinquent": c.flag("Whether their latest invoice is overdue.", "delinquent"),
        "tax_exempt": c.text("none, exempt or reverse."),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

PRODUCT = _table(
    "A product.",
    "name",
    {
        "name": c.text("Name."),
        "description": _DESCRIPTION,
        "is_active": c.flag("Whether it can be bought.", "active"),
        "default_price_id": c.text("Its price, unless another is given.", "default_price"),
        "tax_code": c.text("Tax code."),
        "unit_label": c.text("What one of it is called."),
        "url": c.url("Its page in a shop."),
        "metadata": _METADATA,
        "created_at": _CREATED,
        "updated_at": _at("When it was last changed.", "updated"),
    },
)

PRICE = _table(
    "A price of a product.",
    "id",
    {
        "product_id": c.text("The product.", "product"),
        "nickname": c.text("What it is called by those who sell."),
        "lookup_key": c.text("What programs find it by."),
        "is_active": c.flag("Whether it can be used.", "active"),
        "currency": _CURRENCY,
        "unit_amount": _amount("Price of one; empty if it is not a whole number."),
        "unit_amount_decimal": c.text(
            "Price of one in the smallest unit of the currency, as digits, with at most 12 decimal "
            "places."
        ),
        "type": c.text("one_time or recurring."),
        "billing_scheme": c.text("per_unit or tiered."),
        "interval": c.text("day, week, month or year.", "recurring.interval"),
        "interval_count": c.whole("How many of these.", "recurring.interval_count"),
        "usage_type": c.text("licensed or metered.", "recurring.usage_type"),
        "tax_behavior": c.text("inclusive, exclusive or unspecified."),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

_SUBSCRIPTION_ITEM = c.struct(
    {
        "id": c.text("Identifier."),
        "price_id": c.text("The price.", "price.id"),
        "product_id": c.text("The product.", "price.product"),
        "quantity": c.whole("How many."),
        "current_period_start": _at("When the current period began."),
        "current_period_end": _at("When it ends."),
    },
    "A price that is subscribed to.",
)

SUBSCRIPTION = _table(
    "A subscription.",
    "id",
    {
        "customer_id": _CUSTOMER,
        "status": c.text("trialing, active, past_due, unpaid, canceled, paused, incomplete …"),
        "currency": _CURRENCY,
        "description": _DESCRIPTION,
        "items": c.several(
            _SUBSCRIPTION_ITEM, "What is subscribed to, as Stripe lists it.", "items.data"
        ),
        "collection_method": c.text("charge_automatically or send_invoice."),
        "latest_invoice_id": c.text("The latest invoice.", "latest_invoice"),
        "cancels_at_period_end": c.flag(
            "Whether it ends with the current period.", "cancel_at_period_end"
        ),
        "cancel_at": _at("When it will be cancelled."),
        "canceled_at": _at("When it was cancelled."),
        "cancellation_reason": c.text("Why.", "cancellation_details.reason"),
        "started_at": _at("When it began.", "start_date"),
        "ended_at": _at("When it ended."),
        "trial_start": _at("When the trial began."),
        "trial_end": _at("When it ends."),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

INVOICE = _table(
    "An invoice.",
    "number",
    {
        "number": c.text("Number, once it is final."),
        "customer_id": _CUSTOMER,
        "customer_email": c.email("Their address at that time."),
        "subscription_id": c.text(
            "The subscription, if it is for one.", "parent.subscription_details.subscription"
        ),
        "status": c.text("draft, open, paid, uncollectible or void."),
        "billing_reason": c.text("Why it was made, such as subscription_cycle."),
        "collection_method": c.text("charge_automatically or send_invoice."),
        "currency": _CURRENCY,
        "subtotal": _amount("Before discounts and taxes."),
        "total": _amount("After discounts and taxes."),
        "total_excluding_tax": _amount("After discounts, before taxes."),
        "amount_due": _amount("What is to be paid."),
        "amount_paid": _amount("What was paid."),
        "amount_remaining": _amount("What is still to be paid."),
        "starting_balance": _amount("The customer's balance before."),
        "attempt_count": c.whole("How often payment was tried."),
        "description": _DESCRIPTION,
        "url": c.url("Its page for the customer.", "hosted_invoice_url"),
        "period_start": _at("Begin of the period in which items were added."),
        "period_end": _at("End of that period."),
        "due_at": _at("When it is due.", "due_date"),
        "finalized_at": _at("When it became final.", "status_transitions.finalized_at"),
        "paid_at": _at("When it was paid.", "status_transitions.paid_at"),
        "voided_at": _at("When it was voided.", "status_transitions.voided_at"),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

INVOICE_ITEM = _table(
    "An item of an invoice.",
    "description",
    {
        "customer_id": _CUSTOMER,
        "invoice_id": c.text("The invoice; empty until it is on one.", "invoice"),
        "description": _DESCRIPTION,
        "currency": _CURRENCY,
        "amount": _amount("Amount."),
        "quantity": c.whole("How many."),
        "price_id": c.text("The price.", "pricing.price_details.price"),
        "product_id": c.text("The product.", "pricing.price_details.product"),
        "is_proration": c.flag("Whether it evens out a change of a subscription.", "proration"),
        "is_discountable": c.flag("Whether discounts apply to it.", "discountable"),
        "period_start": _at("Begin of what it is for.", "period.start"),
        "period_end": _at("End of what it is for.", "period.end"),
        "metadata": _METADATA,
        "created_at": _at("When it was made.", "date"),
    },
)

CHARGE = _table(
    "A charge.",
    "id",
    {
        "customer_id": _CUSTOMER,
        "payment_intent_id": c.text("The intent to pay that it is of.", "payment_intent"),
        "balance_transaction_id": c.text("What it did to the balance.", "balance_transaction"),
        "status": c.text("succeeded, pending or failed."),
        "currency": _CURRENCY,
        "amount": _amount("Amount."),
        "amount_captured": _amount("What was taken of it."),
        "amount_refunded": _amount("What was given back."),
        "application_fee_amount": _amount("What the platform takes."),
        "is_paid": c.flag("Whether it was paid, or can be captured.", "paid"),
        "is_captured": c.flag("Whether it was captured.", "captured"),
        "is_refunded": c.flag("Whether all of it was given back.", "refunded"),
        "is_disputed": c.flag("Whether it was disputed.", "disputed"),
        "description": _DESCRIPTION,
        "payment_method_id": c.text("How it was paid.", "payment_method"),
        "payment_method_type": c.text("Such as card.", "payment_method_details.type"),
        "card_brand": c.text("Such as visa.", "payment_method_details.card.brand"),
        "card_country": c.text("ISO code of the country.", "payment_method_details.card.country"),
        "failure_code": c.text("Why it failed."),
        "failure_message": c.text("Why it failed, in words."),
        "risk_level": c.text("What Stripe thinks of it, such as normal.", "outcome.risk_level"),
        "receipt_email": c.email("Where the receipt went."),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

REFUND = make_object_schema(
    description="A refund.",
    id_property="id",
    display_property="id",
    properties={
        "id": c.text("Identifier.", required=True),
        "charge_id": c.text("The charge.", "charge"),
        "payment_intent_id": c.text("The intent to pay.", "payment_intent"),
        "balance_transaction_id": c.text("What it did to the balance.", "balance_transaction"),
        "status": c.text("pending, requires_action, succeeded, failed or canceled."),
        "reason": c.text("duplicate, fraudulent, requested_by_customer …"),
        "failure_reason": c.text("Why it failed."),
        "currency": _CURRENCY,
        "amount": _amount("Amount."),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

PAYOUT = _table(
    "A payout.",
    "id",
    {
        "status": c.text("pending, in_transit, paid, failed or canceled."),
        "currency": _CURRENCY,
        "amount": _amount("Amount."),
        "type": c.text("bank_account or card."),
        "method": c.text("standard or instant."),
        "is_automatic": c.flag("Whether it is of the account's schedule.", "automatic"),
        "balance_transaction_id": c.text("What it did to the balance.", "balance_transaction"),
        "destination_id": c.text("The bank account or card.", "destination"),
        "description": _DESCRIPTION,
        "failure_code": c.text("Why it failed."),
        "failure_message": c.text("Why it failed, in words."),
        "reconciliation_status": c.text("Whether its transactions are known: completed …"),
        "arrives_at": _at("When it should be there.", "arrival_date"),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

_FEE = c.struct(
    {
        "amount": _amount("Amount."),
        "currency": _CURRENCY,
        "type": c.text("Such as stripe_fee or tax."),
        "description": _DESCRIPTION,
    },
    "A part of the fee.",
)

BALANCE_TRANSACTION = make_object_schema(
    description="A change of the account's balance.",
    id_property="id",
    display_property="id",
    properties={
        "id": c.text("Identifier.", required=True),
        "type": c.text("Such as charge, refund, payout or adjustment."),
        "reporting_category": c.text("What reports count it as."),
        "source_id": c.text("What it is of, such as a charge.", "source"),
        "currency": _CURRENCY,
        "amount": _amount("Amount, before fees."),
        "fee": _amount("Fees."),
        "net": _amount("What the balance changed by."),
        "fee_details": c.several(_FEE, "What the fee consists of."),
        "exchange_rate": c.number("Rate, where the currency was changed."),
        "description": _DESCRIPTION,
        "available_at": _at("From when on it can be paid out.", "available_on"),
        "created_at": _CREATED,
    },
)

DISPUTE = _table(
    "A dispute.",
    "id",
    {
        "charge_id": c.text("The charge.", "charge"),
        "payment_intent_id": c.text("The intent to pay.", "payment_intent"),
        "status": c.text("needs_response, under_review, won, lost …"),
        "reason": c.text("What the customer says, such as fraudulent."),
        "currency": _CURRENCY,
        "amount": _amount("Amount."),
        "is_charge_refundable": c.flag("Whether it can still be refunded instead."),
        "evidence_due_at": _at("Until when to answer.", "evidence_details.due_by"),
        "metadata": _METADATA,
        "created_at": _CREATED,
    },
)

EVENT = _table(
    "Something that happened in the account.",
    "type",
    {
        "type": c.text("What happened, such as invoice.paid."),
        "api_version": c.text("The version of the API that its data are in."),
        "request_id": c.text("The request that caused it, if one did.", "request.id"),
        "object_id": c.text("The object that it is about.", "data.object.id"),
        "object_type": c.text("The kind of that object.", "data.object.object"),
        "object": c.json("The object as it was then.", "data.object"),
        "previous_attributes": c.json("What was changed, as before.", "data.previous_attributes"),
        "created_at": _CREATED,
    },
)
