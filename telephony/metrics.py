"""What the listener counts, for /metrics."""

from __future__ import annotations

from prometheus_client import Counter, Gauge

events = Counter("avasanj_telephony_events_total", "Manager events received.", ["pbx"])
skipped_messages = Counter("avasanj_telephony_skipped_messages_total", "Manager messages too long to keep.", ["pbx"])
connects = Counter("avasanj_telephony_connects_total", "Log-ins that worked.", ["pbx"])
faults = Counter("avasanj_telephony_faults_total", "Connections lost or refused.", ["pbx", "state"])
gaps = Counter("avasanj_telephony_gaps_total", "Times in which events may have been missed.", ["pbx"])
errors = Counter("avasanj_telephony_errors_total", "Errors of our own that the listener survived.", ["pbx", "where"])
calls = Counter("avasanj_telephony_calls_total", "Calls that ended.", ["pbx", "disposition"])
open_calls = Gauge("avasanj_telephony_open_calls", "Calls in progress.", ["pbx"])
connected = Gauge("avasanj_telephony_connected", "1 while the PBX is connected.", ["pbx"])
unsaved_calls = Gauge("avasanj_telephony_unsaved_calls", "Calls that wait for the database.", ["pbx"])
skipped_files = Counter("avasanj_telephony_skipped_files_total", "Recordings that can't be used.", ["pbx", "fault"])
journal_faults = Counter("avasanj_telephony_journal_faults_total", "Writes to the journal that failed.", ["pbx"])
recording_requests = Counter(
    "avasanj_telephony_recording_requests_total", "Requests to mute or resume a recording.", ["pbx", "outcome"]
)
unknown_events = Counter("avasanj_telephony_unknown_events_total", "Events of a name that we don't know.", ["pbx"])
malformed = Counter("avasanj_telephony_malformed_messages_total", "Messages that are none of the manager's.", ["pbx"])
journal_damage = Counter("avasanj_telephony_journal_damage_total", "Damaged parts met in the journal.", ["pbx"])
journal_bytes = Counter("avasanj_telephony_journal_bytes_total", "Bytes written to the journal.", ["pbx"])
repairs = Counter(
    "avasanj_telephony_repairs_total",
    "Calls that a gap touched and call records were looked up for.",
    ["pbx", "outcome"],
)
stuck_calls = Gauge("avasanj_telephony_stuck_calls", "Calls that could not be saved and wait for a person.", ["pbx"])
awaited_calls = Gauge(
    "avasanj_telephony_awaited_calls", "Ended calls whose recordings lie where nothing can be reached now.", ["pbx"]
)
