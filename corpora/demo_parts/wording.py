"""The sentences of the hub, by topic; all of them made up, about models that never were."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """What the cards of one family talk about.

    Attributes:
        data: Name of a data set.
        question: Something one would hand to such a model.
    """

    word: str
    task: str
    data: str
    question: str
    descriptions: tuple[str, ...]
    datas: tuple[str, ...]
    limits: tuple[str, ...]
    scopes: tuple[str, ...]


CHAT = Topic(
    "chat", "text-generation", "harbour_talk", "When does the ferry leave?",
    (
        "It answers in short sentences and asks back when a question is vague.",
        "We tuned it for one weekend project and liked how it writes letters.",
        "The tone is dry on purpose.",
        "It keeps to the document it is given and says so when the answer is not in it.",
        "It plays the keeper of a lighthouse in a text adventure.",
        "Made for summaries of meeting notes.",
    ),
    (
        "12,000 dialogues written by volunteers over one winter.",
        "The dialogues were checked twice, and one in nine was thrown away.",
        "A tenth of the data is taken from the parent's own training set.",
        "Nothing in the data is newer than March 2024.",
        "Names of people were replaced by those of rivers.",
    ),
    (
        "It tends to agree with whatever the user said last.",
        "Arithmetic above three digits is unreliable.",
        "It has not been tested for safety, and refuses less often than its base model.",
        "Long answers drift into lists.",
        "It mixes up left and right in directions.",
        "Questions in dialect get worse answers.",
        "It may repeat private details that stand in the prompt.",
    ),
    (
        "Do not use it for advice on medicine, law or money.",
        "It should not talk to children unattended.",
        "It is not fit for decisions about people.",
        "Not meant for news or for anything that must be true.",
    ),
)  # fmt: skip

CODE = Topic(
    "code", "text-generation", "burrow_commits", "def moon_phase(day):",
    (
        "It completes functions in Python, Lua and Fortran.",
        "Fill-in-the-middle works with the three special tokens of the base.",
        "It was tuned on review comments and suggests smaller changes than its base.",
        "A model that explains stack traces.",
    ),
    (
        "Commits of 4,100 repositories whose owners answered our letter.",
        "Files with more than 2,000 lines were left out.",
        "Licence headers were kept so that they can be learnt.",
    ),
    (
        "Suggested code can hold known vulnerabilities.",
        "It reproduces long passages of its training files when the prompt quotes their beginning.",
        "Type hints are often wrong for generic classes.",
        "It knows no library released after 2023.",
    ),
    (
        "Do not run its output without reading it.",
        "Not for code that controls machines or medical devices.",
    ),
)  # fmt: skip

IMAGE = Topic(
    "painting", "text-to-image", "attic_sketches", "a fox in the snow, woodcut",
    (
        "It draws in the manner of woodcuts with two colours.",
        "A style for maps of places that do not exist.",
        "Watercolour with wide margins.",
        "It was tuned on drawings of one artist, who agreed.",
    ),
    (
        "640 scans of sketchbooks, all older than a hundred years.",
        "Captions were written by two students.",
    ),
    (
        "Hands have too many fingers in a third of the pictures.",
        "Words in a picture cannot be read.",
        "People are drawn with light skin unless the prompt says otherwise.",
        "It leans towards portraits.",
    ),
    (
        "Do not make pictures of real people without their consent.",
        "Not for anything that passes itself off as a photograph.",
    ),
)  # fmt: skip

VECTORS = Topic(
    "encoder", "sentence-similarity", "meadow_pairs", "Where do hedgehogs sleep?",
    (
        "It finds the paragraph of a handbook that answers a question.",
        "Tuned on pairs of court decisions and their headnotes.",
        "It sorts incoming mail into eleven drawers.",
        "Short texts only: it was trained on titles.",
    ),
    (
        "41,000 pairs of question and paragraph, mined from forums.",
        "Half of the pairs are German, half English.",
        "Hard negatives were found with the base model.",
    ),
    (
        "Negation is often missed: a sentence and its denial lie close together.",
        "Texts above 128 tokens are cut.",
        "Scores below 0.4 mean nothing.",
        "Rare compounds are split badly.",
    ),
    (
        "Do not use it to guess things about an author.",
        "Not for languages other than the two it was trained on.",
    ),
)  # fmt: skip

SPEECH = Topic(
    "speech", "automatic-speech-recognition", "radio_hours", "recording.flac",
    (
        "It writes down recordings of town councils.",
        "Tuned on telephone speech with much noise.",
        "It marks who is speaking with a letter.",
    ),
    (
        "130 hours of council meetings with their minutes.",
        "Speakers agreed in writing.",
        "Recordings shorter than two seconds were dropped.",
    ),
    (
        "It writes words into silence.",
        "Names of streets are wrong in one case of four.",
        "Fast speakers are cut.",
        "Laughter becomes text.",
    ),
    (
        "Do not transcribe people who did not agree.",
        "Not as the only record of what was said.",
    ),
)  # fmt: skip

VISION = Topic(
    "birds", "image-classification", "shore_birds", "gull.jpg",
    (
        "It tells 212 shore birds apart.",
        "Tuned on night pictures of wildlife cameras.",
        "It counts nests on aerial pictures.",
    ),
    (
        "58,000 pictures of volunteers between 2016 and 2022.",
        "Pictures with people in them were removed.",
    ),
    (
        "Young gulls of different species are confused in half of the cases.",
        "Pictures from above were not in the training set.",
        "Fog halves the accuracy.",
    ),
    (
        "Do not use it for protected nesting sites without the warden.",
        "Not a substitute for a count in the field.",
    ),
)  # fmt: skip

AGENT = Topic("game", "reinforcement-learning", "games", "", ("",), ("",), ("",), ("",))
