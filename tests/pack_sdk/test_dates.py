"""Dates that are reckoned when a sync runs (contract P)."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from pack_sdk.dates import PrecannedDate, PrecannedDateRange, resolve_date, resolve_date_range

NOW = datetime(2025, 3, 12, 15, 30, tzinfo=UTC)  # a Wednesday


def days(name: str, now: datetime = NOW) -> tuple[str, str]:
    """The first and the last day of a range."""
    start, end = resolve_date_range(name, now)
    return start.date().isoformat(), end.date().isoformat()


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("today", "2025-03-12"),
        ("yesterday", "2025-03-11"),
        ("tomorrow", "2025-03-13"),
        ("7_days_ago", "2025-03-05"),
        ("30_days_ago", "2025-02-10"),
        ("90_days_ago", "2024-12-12"),
        ("180_days_ago", "2024-09-13"),
        ("365_days_ago", "2024-03-12"),
        ("7_days_ahead", "2025-03-19"),
        ("30_days_ahead", "2025-04-11"),
        ("90_days_ahead", "2025-06-10"),
        ("180_days_ahead", "2025-09-08"),
        ("365_days_ahead", "2026-03-12"),
    ],
)
def test_a_date_is_the_first_moment_of_its_day(name: str, day: str) -> None:
    """In UTC, whatever the time of day (contract P)."""
    assert resolve_date(name, NOW) == datetime.combine(
        date.fromisoformat(day), datetime.min.time(), UTC
    )


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("yesterday", "2025-03-11", "2025-03-11"),
        ("today", "2025-03-12", "2025-03-12"),
        ("tomorrow", "2025-03-13", "2025-03-13"),
        ("last_7_days", "2025-03-05", "2025-03-12"),
        ("last_30_days", "2025-02-10", "2025-03-12"),
        ("last_90_days", "2024-12-12", "2025-03-12"),
        ("last_180_days", "2024-09-13", "2025-03-12"),
        ("last_365_days", "2024-03-12", "2025-03-12"),
        ("next_7_days", "2025-03-12", "2025-03-19"),
        ("next_30_days", "2025-03-12", "2025-04-11"),
        ("next_90_days", "2025-03-12", "2025-06-10"),
        ("next_180_days", "2025-03-12", "2025-09-08"),
        ("next_365_days", "2025-03-12", "2026-03-12"),
        ("last_7_and_next_7_days", "2025-03-05", "2025-03-19"),
        ("last_30_and_next_30_days", "2025-02-10", "2025-04-11"),
        ("last_90_and_next_90_days", "2024-12-12", "2025-06-10"),
        ("last_week", "2025-03-02", "2025-03-08"),
        ("this_week", "2025-03-09", "2025-03-15"),
        ("next_week", "2025-03-16", "2025-03-22"),
        ("last_month", "2025-02-01", "2025-02-28"),
        ("this_month", "2025-03-01", "2025-03-31"),
        ("next_month", "2025-04-01", "2025-04-30"),
        ("last_3_months", "2024-12-01", "2025-02-28"),
        ("last_6_months", "2024-09-01", "2025-02-28"),
        ("next_3_months", "2025-04-01", "2025-06-30"),
        ("next_6_months", "2025-04-01", "2025-09-30"),
        ("last_year", "2024-01-01", "2024-12-31"),
        ("this_year", "2025-01-01", "2025-12-31"),
        ("next_year", "2026-01-01", "2026-12-31"),
        ("year_to_date", "2025-01-01", "2025-03-12"),
        ("everything", "0001-01-01", "3999-12-31"),
    ],
)
def test_the_days_of_a_range(name: str, first: str, last: str) -> None:
    """As `pack_sdk.dates` defines them, each of the original SDK's names (contract P)."""
    assert days(name) == (first, last)


@pytest.mark.parametrize("name", list(PrecannedDateRange))
def test_a_range_covers_whole_days(name: PrecannedDateRange) -> None:
    """From the first moment of a day to the last millisecond of one, in UTC (contract P)."""
    start, end = resolve_date_range(name, NOW)
    assert start.isoformat().endswith("T00:00:00+00:00")
    assert end.isoformat().endswith("T23:59:59.999000+00:00")
    assert start < end


@pytest.mark.parametrize(
    ("now", "week"),
    [
        ("2025-03-08T23:59:59+00:00", ("2025-03-02", "2025-03-08")),  # a Saturday
        ("2025-03-09T00:00:00+00:00", ("2025-03-09", "2025-03-15")),  # a Sunday
    ],
)
def test_weeks_begin_on_sunday(now: str, week: tuple[str, str]) -> None:
    """The Saturday belongs to the week before, the Sunday begins one (contract P)."""
    assert days("this_week", datetime.fromisoformat(now)) == week


def test_ranges_cross_the_end_of_a_year() -> None:
    """January's last month is December, December's next month January (contract P)."""
    assert days("last_month", datetime(2025, 1, 31, tzinfo=UTC)) == ("2024-12-01", "2024-12-31")
    assert days("next_month", datetime(2024, 12, 31, tzinfo=UTC)) == ("2025-01-01", "2025-01-31")
    assert days("last_month", datetime(2024, 3, 31, tzinfo=UTC)) == ("2024-02-01", "2024-02-29")


def test_the_day_is_the_day_in_utc() -> None:
    """A `now` of another zone is converted first; one without a zone is an error (contract P)."""
    late_in_new_york = datetime(2025, 3, 11, 22, tzinfo=timezone(timedelta(hours=-5)))
    assert resolve_date("today", late_in_new_york) == datetime(2025, 3, 12, tzinfo=UTC)
    for resolve in (resolve_date, resolve_date_range):
        with pytest.raises(ValueError, match="no time zone"):
            resolve("today", datetime(2025, 3, 11))


def test_unknown_names_are_errors() -> None:
    """A range is no date and a date is no range, but for the three that are both."""
    with pytest.raises(ValueError, match="last_7_days"):
        resolve_date("last_7_days", NOW)
    with pytest.raises(ValueError, match="7_days_ago"):
        resolve_date_range("7_days_ago", NOW)
    both = {d.value for d in PrecannedDate} & {r.value for r in PrecannedDateRange}
    assert both == {"yesterday", "today", "tomorrow"}
