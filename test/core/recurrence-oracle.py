"""What python-dateutil says of recurrence rules: writes or answers cases for recurrence.test.ts.

    python3 test/core/recurrence-oracle.py > test/core/recurrence-known.json   the committed table (then npm run fix)
    python3 test/core/recurrence-oracle.py random SEED COUNT                   as many random cases
    python3 test/core/recurrence-oracle.py zones                               clock changes of every zone

Rules are expanded on the wall clock, without a zone, by dateutil. Then zoneinfo places each wall time with fold=0: the
first of two in the fold, and the offset before the change in the gap, as RFC 5545 (3.3.5) wants. dateutil's own
arithmetic with zones is not used.

Every answer comes with the zones that it was computed by, as zoneinfo of this machine has them, and the version of that
data: the answers stay right when governments change their clocks.

Left out, because dateutil departs from RFC 5545 there: BYSETPOS in a weekly rule that begins within a week (dateutil
counts from the first day on, the RFC from the beginning of the interval), and plain beside numbered days in BYDAY
(dateutil wants both, the RFC either).
"""

import json
import random
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import rrulestr

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe",
    "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "Europe/Dublin",
]

RULES = """
FREQ=DAILY
FREQ=DAILY;INTERVAL=3
FREQ=DAILY;COUNT=4
FREQ=DAILY;UNTIL=20260402T020000
FREQ=DAILY;BYHOUR=2,3;BYMINUTE=0,30
FREQ=DAILY;BYDAY=MO,WE;BYMONTH=1,3,10
FREQ=DAILY;BYMONTHDAY=-1,15
FREQ=DAILY;BYHOUR=1,2,3;BYSETPOS=-1
FREQ=DAILY;INTERVAL=10;BYDAY=SA,SU
FREQ=DAILY;BYSECOND=0,15,45;BYMINUTE=59;BYHOUR=23
FREQ=WEEKLY
FREQ=WEEKLY;BYDAY=TU,TH
FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO
FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU
FREQ=WEEKLY;INTERVAL=3;WKST=WE;BYDAY=TU,WE,TH
FREQ=WEEKLY;BYDAY=SU;BYHOUR=2;BYMINUTE=30
FREQ=WEEKLY;COUNT=5;BYDAY=MO,FR
FREQ=WEEKLY;BYMONTH=3,10,11;BYDAY=SA,SU;BYHOUR=0,1,2,3
FREQ=MONTHLY
FREQ=MONTHLY;BYMONTHDAY=31
FREQ=MONTHLY;BYMONTHDAY=29,30,-1
FREQ=MONTHLY;BYDAY=2TU
FREQ=MONTHLY;BYDAY=-1FR,1MO
FREQ=MONTHLY;BYDAY=5SU
FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13
FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1
FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-2;INTERVAL=2
FREQ=MONTHLY;BYDAY=SU;BYHOUR=1,2;BYSETPOS=1,2,-1
FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=1;COUNT=7
FREQ=MONTHLY;BYDAY=TU;BYMONTHDAY=8,9,10,11,12,13,14
FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=28,29
FREQ=YEARLY
FREQ=YEARLY;BYMONTH=3,10
FREQ=YEARLY;BYMONTHDAY=13
FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29
FREQ=YEARLY;BYDAY=20MO
FREQ=YEARLY;BYDAY=-1SU,53SA
FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;BYHOUR=2;BYMINUTE=30
FREQ=YEARLY;BYMONTH=11,12;BYDAY=1SU,-1SA
FREQ=YEARLY;BYYEARDAY=1,100,-1,366
FREQ=YEARLY;BYYEARDAY=-60,60;BYDAY=MO,TU,WE
FREQ=YEARLY;BYWEEKNO=1,20,53
FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO
FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO,SU;WKST=SU
FREQ=YEARLY;BYWEEKNO=-1;BYDAY=FR
FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,10
FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8
FREQ=YEARLY;INTERVAL=3;BYWEEKNO=53;BYDAY=TH
FREQ=HOURLY
FREQ=HOURLY;INTERVAL=5
FREQ=HOURLY;INTERVAL=7;BYDAY=SU
FREQ=HOURLY;BYHOUR=1,2,3;BYMINUTE=0,30;BYDAY=SU
FREQ=HOURLY;INTERVAL=25;BYMONTH=3,4
FREQ=HOURLY;BYMINUTE=10,20,30,40;BYSETPOS=2,-1
FREQ=HOURLY;BYYEARDAY=88,298
FREQ=MINUTELY;INTERVAL=15
FREQ=MINUTELY;INTERVAL=90;BYHOUR=0,1,2,3,4,5
FREQ=MINUTELY;INTERVAL=20;BYHOUR=2;BYDAY=SU
FREQ=MINUTELY;INTERVAL=1441;COUNT=6
FREQ=MINUTELY;BYMINUTE=0,1;BYSECOND=5,50;BYHOUR=2;BYMONTHDAY=29
FREQ=SECONDLY;INTERVAL=3601
FREQ=SECONDLY;INTERVAL=7200;BYMONTH=3
FREQ=SECONDLY;INTERVAL=45;BYHOUR=2;BYMINUTE=59;BYDAY=SU
FREQ=SECONDLY;INTERVAL=90001;COUNT=8
FREQ=SECONDLY;BYSECOND=0,30;BYMINUTE=0;BYHOUR=2
FREQ=DAILY;UNTIL=20260329T003000Z;BYHOUR=2;BYMINUTE=30
FREQ=DAILY;UNTIL=20260405
FREQ=MONTHLY;UNTIL=20270101T000000Z
""".split()

# Just before clock changes, ends of years and leap days, and within a skipped day.
MOMENTS = [
    "2026-03-27T02:30:00", "2026-10-23T01:30:00", "2024-12-29T00:00:00", "2026-01-31T02:00:00", "2011-12-28T10:15:30",
]

PLACED_WITH_ORDINAL = {"MONTHLY", "YEARLY"}


def occurrences(rule, begin):
    try:
        yield from rrulestr(rule, dtstart=begin)
    except ValueError as error:
        # dateutil's way to say that nothing fits, or nothing more.
        if "empty rule" not in str(error) and "empty set" not in str(error):
            raise


def starts(rule, zone, begin, count):
    """The first `count` distinct instants, as ISO 8601 UTC. `begin` is local."""
    tz = ZoneInfo(zone)
    place = lambda wall: wall.replace(tzinfo=tz, fold=0).astimezone(timezone.utc)
    until = None
    parts = []
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        # A bound in UTC is compared with instants, below; dateutil would want a start with a zone.
        if name == "UNTIL" and value.endswith("Z"):
            until = datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
        else:
            parts.append(part)
    walls = occurrences(";".join(parts), begin)
    # A day more than asked for: in a gap wall times change places.
    found = []
    enough = None
    for index, wall in enumerate(walls):
        if index + 1 == count:
            enough = wall + timedelta(hours=25)
        if enough is not None and wall > enough:
            break
        instant = place(wall)
        if until is not None and instant > until:
            break
        found.append(instant)
    return [instant.strftime("%Y-%m-%dT%H:%M:%SZ") for instant in sorted(set(found))[:count]]


def case(rule, zone, begin, count=6):
    return {"rule": rule, "zone": zone, "begin": begin, "starts": starts(rule, zone, datetime.fromisoformat(begin), count)}


def table():
    cases = []
    for index, rule in enumerate(RULES):
        for turn in range(5):
            cases.append(case(rule, ZONES[(index + 3 * turn) % len(ZONES)], MOMENTS[(index + turn) % len(MOMENTS)], 5))
    return cases


def some(source, low, high, signed=False):
    return ",".join(
        str(source.choice([-1, 1]) * value if signed else value)
        for value in sorted(source.sample(range(low, high + 1), source.randint(1, min(4, high - low + 1))))
    )


def random_rule(source):
    freq = source.choice(["SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    coarse = freq in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
    rule = {"FREQ": freq}
    maybe = lambda share: source.random() < share
    if maybe(0.4):
        rule["INTERVAL"] = source.randint(1, 6 if coarse else 5000)
    if maybe(0.4):
        rule["BYHOUR"] = some(source, 0, 23)
    if maybe(0.3):
        rule["BYMINUTE"] = some(source, 0, 59)
    if maybe(0.1):
        rule["BYSECOND"] = some(source, 0, 59)
    if maybe(0.3):
        rule["BYMONTH"] = some(source, 1, 12)
    if freq == "YEARLY" and maybe(0.2):
        # -52 and -53 can mean the first week of the next year, which dateutil does not see.
        rule["BYWEEKNO"] = ",".join(n for n in some(source, 1, 51, True).split(","))
    if freq in ("YEARLY", "HOURLY", "MINUTELY", "SECONDLY") and maybe(0.15):
        rule["BYYEARDAY"] = some(source, 1, 366, True)
    if freq != "WEEKLY" and maybe(0.25):
        rule["BYMONTHDAY"] = some(source, 1, 31, True)
    if maybe(0.5):
        days = source.sample(["MO", "TU", "WE", "TH", "FR", "SA", "SU"], source.randint(1, 4))
        if freq in PLACED_WITH_ORDINAL and "BYWEEKNO" not in rule and maybe(0.5):
            days = [f"{source.choice([-1, 1]) * source.randint(1, 5)}{day}" for day in days]
        rule["BYDAY"] = ",".join(days)
    if any(name.startswith("BY") for name in rule) and freq != "WEEKLY" and maybe(0.2):
        rule["BYSETPOS"] = some(source, 1, 5, True)
    if maybe(0.3):
        rule["WKST"] = source.choice(["MO", "SU", "WE", "SA"])
    if maybe(0.2):
        rule["COUNT"] = source.randint(1, 20)
    return ";".join(f"{name}={value}" for name, value in rule.items())


class TooLong(Exception):
    pass


def random_cases(seed, count):
    """Rules for which dateutil needs more than a second are left out: those that almost never or never occur."""
    import signal

    def give_up(*_):
        raise TooLong

    signal.signal(signal.SIGALRM, give_up)
    source = random.Random(seed)
    cases = []
    while len(cases) < count:
        begin = datetime(source.randint(2005, 2027), source.randint(1, 12), source.randint(1, 28), source.randint(0, 23), source.randint(0, 59), source.choice([0, 0, 30]))
        if source.random() < 0.4:
            begin = datetime(2026, 3, 28, 20) + timedelta(minutes=source.randint(0, 600))
        rule, zone = random_rule(source), source.choice(ZONES)
        try:
            # The alarm may ring while it is being taken back, so taking it back stands inside the outer `try`.
            signal.setitimer(signal.ITIMER_REAL, 1)
            try:
                answer = case(rule, zone, begin.isoformat())
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except TooLong:
            continue
        cases.append(answer)
    return cases


def clock_changes(zone, first, last):
    """(instant, minutes ahead of UTC before, and from then on) of each change in these years, oldest first."""
    tz = ZoneInfo(zone)
    offset_at = lambda instant: instant.astimezone(tz).utcoffset()
    at = datetime(first, 1, 1, tzinfo=timezone.utc)
    offset = offset_at(at)
    yield at, offset, offset
    while at.year <= last:
        at += timedelta(days=7)
        later = offset_at(at)
        if later == offset:
            continue
        low, high = at - timedelta(days=7), at
        while high - low > timedelta(minutes=1):
            middle = low + (high - low) / 2
            if offset_at(middle) == offset:
                low = middle
            else:
                high = middle
        yield high.replace(second=0, microsecond=0), offset, later
        offset = later


def written(changes):
    """`[from when on, minutes ahead of UTC]`, oldest first; the first holds before as well."""
    return [[at.strftime("%Y-%m-%dT%H:%MZ"), int(later.total_seconds()) // 60] for at, _, later in changes]


def data_version():
    try:
        with open("/usr/share/zoneinfo/tzdata.zi") as file:
            return file.readline().split()[-1]
    except OSError:
        return "unknown"


def answers(cases):
    years = {}
    for one in cases:
        years.setdefault(one["zone"], []).extend(int(text[:4]) for text in [one["begin"], *one["starts"]])
    zones = {zone: written(clock_changes(zone, min(seen) - 2, max(seen) + 2)) for zone, seen in sorted(years.items())}
    return {"zoneData": data_version(), "zones": zones, "cases": cases}


def zone_cases():
    """Wall times around the clock changes of every zone from 1990 to 2030, placed by zoneinfo."""
    cases = []
    zones = {}
    for zone in sorted(available_timezones()):
        tz = ZoneInfo(zone)
        changes = list(clock_changes(zone, 1989, 2032))
        zones[zone] = written(changes)
        for at, before, later in changes:
            change = at.replace(tzinfo=None)
            for base in {before, later} if 1990 <= at.year <= 2030 else ():
                for minutes in (-90, -30, -1, 0, 15, 45, 75):
                    wall = change + base + timedelta(minutes=minutes)
                    instant = wall.replace(tzinfo=tz).astimezone(timezone.utc)
                    cases.append([zone, wall.isoformat()[:16], instant.strftime("%Y-%m-%dT%H:%M:%SZ")])
    return {"zoneData": data_version(), "zones": zones, "cases": cases}


if __name__ == "__main__":
    if sys.argv[1:2] == ["random"]:
        print(json.dumps(answers(random_cases(int(sys.argv[2]), int(sys.argv[3])))))
    elif sys.argv[1:2] == ["zones"]:
        print(json.dumps(zone_cases()))
    else:
        print(json.dumps(answers(table())))
