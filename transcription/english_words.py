"""English text, and that of other languages, as words to be compared: case, punctuation, spelling and numbers evened out."""

from __future__ import annotations

import re
import unicodedata

from transcription import english_numbers
from transcription.word_lists import listed, paired

_ASIDE = re.compile(r"\[[^\]]*\]|<[^>]*>|\([^)]*\)")  # [noise]
_QUOTES = re.compile("[’‘ʼ`´]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_MONEY = re.compile(r"([$€£])\s*(\d+(?:\.\d+)?)(\s+(?:thousand|million|billion)\b)?")
_CURRENCY = {"$": "dollars", "€": "euros", "£": "pounds"}
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}(?:[a-z]\b)?")
_WORD = re.compile(r"\d+\.\d+|\d+(?:st|nd|rd|th)\b|\d+|[^\W\d_]+(?:'[^\W\d_]+)*")
#: sounds of hesitation, which people write or leave out as they like
_HESITATIONS = frozenset(listed("uh uhh um umm hm hmm mm mmm mhm er erm ah eh"))
_SIGNS = {"%": " percent ", "&": " and ", "+": " plus ", "@": " at ", "_": " "}
_SHORT = paired("""
    won't: will not, can't: can not, cannot: can not, shan't: shall not, ain't: is not, let's: let us, y'all: you all,
    gonna: going to, wanna: want to, gotta: got to, lemme: let me, gimme: give me, kinda: kind of, alright: all right,
    o'clock: oclock, ma'am: madam, cuz: because, ok: okay, mr: mister, mrs: missus, dr: doctor, prof: professor,
    vs: versus, etc: et cetera, til: till
""")
_ENDINGS = {"n't": " not", "'re": " are", "'ll": " will", "'ve": " have", "'d": " would", "'m": " am"}
#: whose 's is a verb; elsewhere it is a possessive, which sounds as the plural does
_WITH_IS = frozenset(
    listed("it he she that this there here what who where when how everything something nothing one everyone somebody")
)
_HYPHENED = paired(
    "e mail: email, e mails: emails, e mailed: emailed, wi fi: wifi, on line: online, web site: website, a m: am, p m: pm"
)
_ONE_SPELLING = paired("""
    grey: gray, cheque: check, cheques: checks, programme: program, programmes: programs, catalogue: catalog,
    catalogues: catalogs, dialogue: dialog, dialogues: dialogs, analogue: analog, licence: license, licences: licenses,
    practise: practice, practised: practiced, practising: practicing, defence: defense, offence: offense,
    pretence: pretense, tyre: tire, tyres: tires, judgement: judgment, jewellery: jewelry, enquiry: inquiry,
    enquiries: inquiries, enquire: inquire, enquiring: inquiring, fulfil: fulfill, fulfilment: fulfillment,
    enrol: enroll, enrolment: enrollment, instalment: installment, instalments: installments, skilful: skillful,
    cosy: cozy, plough: plow, pyjamas: pajamas, centre: center, centres: centers, centred: centered, theatre: theater,
    theatres: theaters, metre: meter, metres: meters, litre: liter, litres: liters, fibre: fiber,
    kilometre: kilometer, kilometres: kilometers, analyse: analyze, analysed: analyzed, analysing: analyzing,
    paralyse: paralyze, ageing: aging, learnt: learned, spelt: spelled, burnt: burned, dreamt: dreamed,
    sceptical: skeptical, aluminium: aluminum, mum: mom, maths: math, aeroplane: airplane
""")
_OUR = re.compile(
    r"^((?:mis)?behavi|(?:dis)?col|(?:dis)?fav|(?:dis)?hon|neighb|lab|harb|hum|flav|rum|vap|od|endeav|sav|arm|glam|vig|"
    r"parl|val|splend|ranc)our"
)
_ISE = re.compile(r"(?<=[a-z]{3})is(e|es|ed|ing|er|ers|ation|ations)$")
_DOUBLED = re.compile(
    r"^(travel|cancel|label|model|signal|total|fuel|level|dial|channel|counsel|marvel|quarrel|tunnel|equal|initial|panel|pencil)l(?=ed$|ing$|er$|ers$|ations?$)"
)


def words(text: str) -> list[str]:
    """The words of a text in their one form; rules of English touch no other language's letters."""
    plain = _QUOTES.sub("'", unicodedata.normalize("NFKC", text)).casefold()
    plain = _THOUSANDS.sub("", _ASIDE.sub(" ", plain))
    plain = _MONEY.sub(lambda found: f"{found[2]}{found[3] or ''} {_CURRENCY[found[1]]}", plain)
    plain = _INITIALS.sub(lambda found: found[0].replace(".", "") + " ", plain)
    plain = unicodedata.normalize("NFC", "".join(_SIGNS.get(c, c) for c in plain))
    tokens = [part for token in _WORD.findall(plain) for part in _whole(token)]
    return english_numbers.evened(_unhyphened([token for token in tokens if token not in _HESITATIONS]))


def _whole(token: str) -> list[str]:
    """A contraction as its words, anything else in its one spelling."""
    if token in _SHORT:
        return _SHORT[token].split()
    for end, full in _ENDINGS.items():
        if token.endswith(end) and token != end:
            return [token.removesuffix(end), full.strip()]
    if token.endswith("'s"):
        stem = token.removesuffix("'s")
        return [stem, "is"] if stem in _WITH_IS else [f"{_spelt(stem)}s"]
    return [_spelt(token.replace("'", ""))]


def _spelt(token: str) -> str:
    token = _ONE_SPELLING.get(token, token)
    return _DOUBLED.sub(r"\1", _ISE.sub(r"iz\1", _OUR.sub(r"\1or", token)))


def _unhyphened(tokens: list[str]) -> list[str]:
    """E-mail as email: the few words of which all spellings are seen."""
    out: list[str] = []
    for token in tokens:
        pair = f"{out[-1]} {token}" if out else ""
        if pair in _HYPHENED:
            out[-1] = _HYPHENED[pair]
        else:
            out.append(token)
    return out
