"""What python3-icalendar, python3-x-wr-timezone and python-dateutil read in iCalendar files, as JSON on stdout.

    oracle.py zones                the IANA zone of each zone of Windows
    oracle.py events ZONE FILE...  of each file: title, start and end of every occurrence before 2028, in UTC;
                                   dates and floating times are in ZONE
"""

import json
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from icalendar import Calendar
from icalendar.windows_to_olson import WINDOWS_TO_OLSON
from x_wr_timezone import to_standard

END = datetime(2028, 1, 1)


def utc(time, zone):
    if not isinstance(time, datetime):
        time = datetime(time.year, time.month, time.day)
    if time.tzinfo is None:
        time = time.replace(tzinfo=zone)
    return time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%MZ")


def times(event, name):
    value = event.get(name)
    if value is None:
        return []
    return [time.dt for one in (value if isinstance(value, list) else [value]) for time in one.dts]


def occurrences(event, zone):
    start = event["DTSTART"].dt
    whole = not isinstance(start, datetime)
    own = zone if whole or start.tzinfo is None else ZoneInfo(str(start.tzinfo))
    length = event["DTEND"].dt - start if "DTEND" in event else event["DURATION"].dt
    local = datetime(start.year, start.month, start.day) if whole else start.replace(tzinfo=None)
    starts = {local}
    if "RRULE" in event:
        starts |= set(rrulestr(event["RRULE"].to_ical().decode(), dtstart=local).between(local, END, inc=True))
    lengths = {}
    for time in times(event, "RDATE"):
        first, last = time if isinstance(time, tuple) else (time, None)
        # python3-icalendar leaves out the zone of periods, which is that of DTSTART in the calendars of these tests.
        at = (first.astimezone(own) if first.tzinfo else first).replace(tzinfo=None)
        starts.add(at)
        if last is not None:
            lengths[at] = last if isinstance(last, timedelta) else last - first
    starts -= {time.astimezone(own).replace(tzinfo=None) for time in times(event, "EXDATE")}
    for at in sorted(starts):
        one = at.replace(tzinfo=own)
        if whole:
            end = (at + length).replace(tzinfo=own)
        else:
            end = one.astimezone(timezone.utc) + lengths.get(at, length)
        yield [str(event.get("SUMMARY", "")), utc(one, own), utc(end, own)]


def read(path, zone):
    calendar = to_standard(Calendar.from_ical(open(path, "rb").read()))
    return [one for event in calendar.walk("VEVENT") for one in occurrences(event, zone)]


if sys.argv[1] == "zones":
    print(json.dumps(WINDOWS_TO_OLSON))
else:
    print(json.dumps([read(path, ZoneInfo(sys.argv[2])) for path in sys.argv[3:]]))
