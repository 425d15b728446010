# ruff: noqa: E501 - a text is one line, so that it can be found by its words
"""Texts for people that the ledger keeps: English sentences with values, given in either language when shown."""

from __future__ import annotations

from avasanj.i18n import N_, stored_in_language

# Recordings
MISSING = N_(
    "The recording %(file)s was not found within %(seconds)s s. Check that the PBX writes it and that AVASANJ_RECORDINGS_DIR names its folder."
)
OUTSIDE = N_(
    "The recording %(file)s lies outside of the folders that AVASANJ_RECORDINGS_DIR names and was not opened. Add its folder there."
)
EMPTY = N_("The recording %(file)s holds no sound: nothing was recorded. Check the MixMonitor line in the dialplan.")
CUT_OFF = N_(
    "The recording %(file)s was cut off: the PBX did not finish writing it. It may have been stopped in mid-call."
)
NOT_AUDIO = N_("The recording %(file)s is not audio that can be read. Record as WAV (extension .wav).")
UNREADABLE = N_(
    "The recording %(file)s can't be read: %(fault)s. Let the user that runs Avasanj read the recordings folder."
)
AMBIGUOUS = N_(
    "Files named %(file)s lie in two of the folders that AVASANJ_RECORDINGS_DIR names, and nothing tells which one is this call's. Name only one folder, or let names be unique."
)
UNCERTAIN = N_(
    "A file named %(file)s was found for this call, but by its time or its length it can't hold this call's sound alone. It was not used."
)
SHARED = N_(
    "The file %(file)s was named for more than one call, and nothing tells whose sound it holds. Let the dialplan give each recording a name of its own, with the channel's UNIQUEID in it."
)
FOLDER_AWAY = N_(
    "The recordings in %(folder)s can't be reached (%(fault)s). The call waits for its recordings and goes on by itself when they are back."
)
HEADERLESS = N_(
    "The recording %(file)s has no header that tells its format. Record as WAV with MixMonitor's options r and t."
)

# Muting a recording
CALL_OVER = N_("The call was over before its recording could be muted or resumed.")
NOBODY_RECORDS = N_(
    "Nothing records this call, so there is nothing to mute. Record it in the dialplan or with AVASANJ_RECORD_CALLS."
)
MAY_NOT_MUTE = N_(
    "The manager user %(user)s may not mute recordings. Add call to the write line of its section in manager.conf, then run: asterisk -rx 'manager reload'."
)
MUTE_REFUSED = N_("The PBX did not mute or resume the recording: %(reason)s")
MUTED_ONE_ONLY = N_(
    "Only the first of this call's %(count)s recordings was muted: Asterisk %(version)s can't mute more of them on one channel. Record each call once."
)
MUTE_TOO_LATE = N_(
    "The PBX could not be told within %(seconds)s s, so the recording was not muted. Ask again when the PBX is connected."
)

# The PBX
UNREACHABLE = N_(
    "Asterisk does not answer at %(address)s (%(fault)s). Check that it runs and that manager.conf has enabled = yes and a bindaddr that can be reached from here."
)
REFUSED = N_(
    "Asterisk refused the log-in of the manager user %(user)s. Compare AVASANJ_AMI_USER and AVASANJ_AMI_SECRET with manager.conf, then run: asterisk -rx 'manager reload'."
)
UNPRIVILEGED_WRITE = N_(
    "The manager user %(user)s may not use the actions %(actions)s. Add write = %(privileges)s to its section in manager.conf, then run: asterisk -rx 'manager reload'."
)
UNPRIVILEGED_READ = N_(
    "The manager user %(user)s gets no events of the class %(privileges)s. Add read = %(privileges)s to its section in manager.conf, then run: asterisk -rx 'manager reload'."
)
LOST = N_(
    "The connection to Asterisk was lost (%(fault)s). It is being made again; calls since then are read from the PBX when it is back."
)
NOT_ASTERISK = N_(
    "What answers at %(address)s is no Asterisk manager interface. Check AVASANJ_AMI_HOST and AVASANJ_AMI_PORT (usually 5038)."
)
JOURNAL = N_(
    "PBX events can't be written to %(folder)s (%(fault)s). Calls are followed, but a restart now would lose the running ones. Free disk space or mend the folder's rights."
)
UNKNOWN_CERTIFICATE = N_(
    "The certificate of Asterisk at %(address)s is signed by nobody whom this machine trusts. Set AVASANJ_AMI_CA_FILE to the file of whoever signed it, or to a copy of the certificate itself."
)
CERTIFICATE_DATES = N_(
    "The certificate of Asterisk at %(address)s can't be used today (%(fault)s). Renew it, or set the clocks right, then run: asterisk -rx 'module reload manager'."
)
CERTIFICATE_NAME = N_(
    "The certificate of Asterisk at %(address)s is not for %(name)s. Set AVASANJ_AMI_TLS_NAME to the name that is in it, or have it made anew with this one."
)
BAD_CERTIFICATE = N_(
    "The certificate of Asterisk at %(address)s can't be used (%(fault)s). Have it made anew, and see AVASANJ_AMI_CA_FILE."
)
NO_TLS = N_(
    "Asterisk at %(address)s does not speak TLS (%(fault)s). Set AVASANJ_AMI_PORT to tlsbindaddr's port in manager.conf (usually 5039), with tlsenable = yes there."
)
CA_FILE = N_(
    "The certificates in %(file)s can't be read (%(fault)s). Set AVASANJ_AMI_CA_FILE to a PEM file that the user that runs Avasanj may read."
)
NO_SECRET = N_("The secret of the manager user %(user)s is not set. Set AVASANJ_AMI_SECRET as manager.conf has it.")
LINE_BREAK = N_("AVASANJ_AMI_USER or AVASANJ_AMI_SECRET holds a line break, so we can't log in. Remove it.")
PAUSED = N_("This PBX is left alone, as AVASANJ_AMI_PAUSED asks for. Its calls are not followed.")
DAMAGED = N_(
    "%(bytes)s bytes of the journal are damaged, in %(segment)s at %(offset)s. The rest was used, and the calls that it touched are marked. Check the disk."
)
NOT_SAVED = N_(
    "The call could not be written to the ledger (%(fault)s). Its events are kept in the journal: try again once that is mended."
)
CDR_UNREAD = N_(
    "Asterisk's call records can't be read (%(fault)s), so calls of which events were missed are not repaired. Check AVASANJ_CDR_CSV or AVASANJ_CDR_DATABASE_URL."
)

_ALL = (
    MISSING, OUTSIDE, EMPTY, CUT_OFF, NOT_AUDIO, UNREADABLE, HEADERLESS, AMBIGUOUS, UNCERTAIN, SHARED,
    FOLDER_AWAY,
    CALL_OVER, NOBODY_RECORDS, MAY_NOT_MUTE, MUTE_REFUSED, MUTED_ONE_ONLY, MUTE_TOO_LATE,
    UNREACHABLE, REFUSED, UNPRIVILEGED_WRITE, UNPRIVILEGED_READ, LOST, NOT_ASTERISK, JOURNAL,
    UNKNOWN_CERTIFICATE, CERTIFICATE_DATES, CERTIFICATE_NAME, BAD_CERTIFICATE, NO_TLS, CA_FILE, NO_SECRET, LINE_BREAK, PAUSED, DAMAGED,
    NOT_SAVED, CDR_UNREAD,
)  # fmt: skip


def text(problem: str, **values: object) -> str:
    """The English sentence, as it is stored."""
    return problem % values


def is_a(stored: str | None, problem: str) -> bool:
    """Whether a stored sentence is this problem's, with whatever values."""
    return stored is not None and stored.startswith(problem.partition("%")[0])


def in_language(stored: str | None, language: str) -> str:
    """A stored sentence in "fa" or "en", its values kept; one that is none of ours comes back as it is."""
    return stored_in_language(stored, _ALL, language)
