"""Rows that the fake makes up."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import Any

from pack_sdk.testing.collection import Fields

PATHS = {
    "customer": "customers",
    "product": "products",
    "price": "prices",
    "subscription": "subscriptions",
    "invoice": "invoices",
    "invoiceitem": "invoiceitems",
    "charge": "charges",
    "refund": "refunds",
    "payout": "payouts",
    "balance_transaction": "balance_transactions",
    "dispute": "disputes",
}
"""Where each kind of object is."""

DELETABLE = {"customer", "product", "price", "invoice", "invoiceitem"}
FIXED = {"balance_transaction"}
PREFIXES = {
    "customer": "cus", "product": "prod", "price": "price", "subscription": "sub", "invoice": "in",
    "invoiceitem": "ii", "charge": "ch", "refund": "re", "payout": "po",
    "balance_transaction": "txn", "dispute": "du",
}  # fmt: skip

_OF: Mapping[str, Mapping[str, Any]] = {
    "customer": {
        "name": "Ada", "email": "ada@example.com", "phone": "+41", "description": "A customer",
        "address": {"country": "CH", "city": "Bern", "postal_code": "3000", "line1": "Street 1"},
        "balance": 0, "currency": "chf", "delinquent": False, "tax_exempt": "none",
    },
    "product": {
        "name": "Gold", "description": "A product", "active": True, "default_price": "price_1",
        "tax_code": "txcd_1", "unit_label": "seat", "url": "https://shop.example", "updated": 1,
        "type": "service", "images": [], "marketing_features": [],
    },
    "price": {
        "product": "prod_1", "nickname": "Monthly", "lookup_key": "gold", "active": True,
        "currency": "chf", "unit_amount": 9_007_199_254_740_993,
        "unit_amount_decimal": "9007199254740993.000000000001", "type": "recurring",
        "billing_scheme": "per_unit", "tax_behavior": "inclusive",
        "recurring": {"interval": "month", "interval_count": 1, "usage_type": "licensed"},
    },
    "subscription": {
        "customer": "cus_1", "status": "active", "currency": "chf", "description": "Gold",
        "collection_method": "charge_automatically", "latest_invoice": "in_1",
        "cancel_at_period_end": False, "cancel_at": 1_800_000_000, "canceled_at": 1_800_000_000,
        "cancellation_details": {"reason": "cancellation_requested"}, "start_date": 1_700_000_000,
        "ended_at": 1_800_000_000, "trial_start": 1_700_000_000, "trial_end": 1_700_100_000,
        "items": {
            "object": "list",
            "data": [
                {
                    "id": "si_1", "object": "subscription_item", "quantity": 2,
                    "price": {"id": "price_1", "object": "price", "product": "prod_1"},
                    "current_period_start": 1_700_000_000, "current_period_end": 1_702_000_000,
                }
            ],
            "has_more": False,
        },
    },
    "invoice": {
        "number": "A-1", "customer": "cus_1", "customer_email": "ada@example.com",
        "status": "draft", "billing_reason": "subscription_cycle", "currency": "chf",
        "collection_method": "charge_automatically", "subtotal": 100, "total": 108,
        "total_excluding_tax": 100, "amount_due": 108, "amount_paid": 0, "amount_remaining": 108,
        "starting_balance": 0, "attempt_count": 0, "description": "Thank you",
        "hosted_invoice_url": "https://invoice.stripe.com/i/1", "period_start": 1_700_000_000,
        "period_end": 1_702_000_000, "due_date": 1_703_000_000,
        "status_transitions": {"finalized_at": 1, "paid_at": 2, "voided_at": 3},
        "parent": {
            "type": "subscription_details", "subscription_details": {"subscription": "sub_1"}
        },
    },
    "invoiceitem": {
        "customer": "cus_1", "invoice": "in_1", "description": "Set-up", "currency": "chf",
        "amount": 50, "quantity": 1, "proration": False, "discountable": True,
        "period": {"start": 1_700_000_000, "end": 1_702_000_000},
        "pricing": {
            "type": "price_details", "price_details": {"price": "price_1", "product": "prod_1"}
        },
    },
    "charge": {
        "customer": "cus_1", "payment_intent": "pi_1", "balance_transaction": "txn_1",
        "status": "succeeded", "currency": "chf", "amount": 108, "amount_captured": 108,
        "amount_refunded": 0, "application_fee_amount": 1, "paid": True, "captured": True,
        "refunded": False, "disputed": False, "description": "Gold", "payment_method": "pm_1",
        "payment_method_details": {"type": "card", "card": {"brand": "visa", "country": "CH"}},
        "failure_code": "card_declined", "failure_message": "No",
        "outcome": {"risk_level": "normal"},
        "receipt_email": "ada@example.com",
    },
    "refund": {
        "charge": "ch_1", "payment_intent": "pi_1", "balance_transaction": "txn_2",
        "status": "pending", "reason": "duplicate", "failure_reason": "unknown", "currency": "chf",
        "amount": 8,
    },
    "payout": {
        "status": "pending", "currency": "chf", "amount": 1000, "type": "bank_account",
        "method": "standard", "automatic": True, "balance_transaction": "txn_3",
        "destination": "ba_1", "description": "STRIPE PAYOUT", "failure_code": "no_account",
        "failure_message": "No", "reconciliation_status": "completed",
        "arrival_date": 1_703_000_000,
    },
    "balance_transaction": {
        "type": "charge", "reporting_category": "charge", "source": "ch_1", "currency": "chf",
        "amount": 108, "fee": 3, "net": 105, "exchange_rate": 1.125, "description": "Gold",
        "fee_details": [
            {"amount": 3, "currency": "chf", "type": "stripe_fee", "description": "Stripe fees"}
        ],
        "available_on": 1_703_000_000, "status": "pending",
    },
    "dispute": {
        "charge": "ch_1", "payment_intent": "pi_1", "status": "needs_response", "currency": "chf",
        "reason": "fraudulent", "amount": 108, "is_charge_refundable": False,
        "evidence_details": {"due_by": 1_704_000_000},
    },
}  # fmt: skip


def maker(kind: str) -> Callable[[Random, int, datetime], Fields]:
    """Makes objects of a kind."""

    def make(random: Random, number: int, now: datetime) -> Fields:
        created = "date" if kind == "invoiceitem" else "created"
        live = {} if kind in ("refund", "balance_transaction") else {"livemode": False}
        return {
            "id": f"{PREFIXES[kind]}_{number}",
            "object": kind,
            **_OF[kind],
            **live,
            created: int(now.timestamp()),
            "metadata": {"plan": str(random.randint(0, 99))},
        }

    return make


def revise(random: Random, fields: Fields, _now: datetime) -> Fields:
    """Another version: other metadata."""
    return {**fields, "metadata": {"plan": str(random.randint(0, 10**9))}}
