"""Phrases of every question: what stands around a subject in Japanese and English, and says little of it."""

from __future__ import annotations

from bots.english import STOP_WORDS
from bots.features import Parts, parts
from bots.spelling import spelled
from bots.text import fold

_JAPANESE = """
    です ですか でしょうか でした ます ますか ますでしょうか ません ませんか ました まして ましょうか
    ください くださいませ 下さい ほしい ほしいです 欲しい 欲しいです 希望です 希望します
    教えて 教えてください 教えてほしい 知りたい 知りたいです 聞きたい 伺いたい お聞きしたい
    したい したいです したいのですが したいんですが してください している していますか しています してもらえますか
    できますか できますでしょうか できる できません 出来ますか 可能ですか 可能でしょうか って可能ですか
    ありますか ありますでしょうか ありませんか あります あるか ない ないです ないのですが なのですが
    いただけますか いただきたい いただけると 頂けますか もらえますか もらいたい くれますか
    お願い お願いします お願いいたします お願いできますか ですが のですが んですが んですけど ですけど だけど けれど
    について についてですが に関して とは という というのは って のこと こと ことは 方法 方法は 場合 場合は とき ときは
    どう どうすれば どうしたら どうやって どのように どこ どこで どこですか なに 何 何ですか なぜ いつ いくら どれ どの
    いつまでですか いつからですか
    いい いいですか よい よいですか 良い 大丈夫 大丈夫ですか と思います と思っています と思うのですが
    には では から まで ので のに ても でも ながら また そして それ これ あの その この
""".split()  # noqa: SIM905


_ENGLISH = (
    """
how much is, how much are, how much does, how much do, how many, how long is, how long does
how do i, how can i, can i get, can you, could you, can you tell me about, could you tell me
tell me about, i would like to, i would like to know about, i want to know about, i need
where is, where can i, where can i find, when is, when does, what is, what are, what about
is there, are there, do you have, do you know, please
""".strip()
    .replace("\n", ", ")
    .split(", ")
)
_PARTICLES = "をはがのにもで"
_LONGEST_FIRST = sorted(
    {spelled(fold(phrase), "ja") for phrase in _JAPANESE}, key=lambda one: (-len(one), one)
)
_SHORT = 40


def everyday(language: str) -> list[Parts]:
    """The parts of the phrases, of each by itself; a language that has no list of its own has none."""
    if language == "ja":
        return [tuple(one) for one in map(_said_after, _JAPANESE)]
    if language != "en":
        return []
    return [*(parts(word, "en") for word in sorted(STOP_WORDS)), *map(_said_before, _ENGLISH)]


def says_nothing(folded: str, language: str) -> bool:
    """Whether folded text is nothing but such phrases: `ですか`, `do you have my`."""
    if language != "ja":
        return all(word in STOP_WORDS for word in folded.split())
    left = folded.replace(" ", "")[:_SHORT]
    while found := next((phrase for phrase in _LONGEST_FIRST if left.startswith(phrase)), ""):
        left = left[len(found) :]
    return not left


def _said_after(phrase: str) -> Parts:
    """The parts of a Japanese phrase at the end of a question, whatever particle joins it to the subject."""
    joined = [parts(spelled(fold(before + phrase), "ja"), "ja") for before in ("", *_PARTICLES)]
    return tuple(
        [run for block in same for run in block if "^" not in run] for same in zip(*joined, strict=True)
    )


def _said_before(phrase: str) -> Parts:
    """The parts of an English phrase at the beginning of a question, but its words: `how much` and `how long` differ
    by them."""
    _, *others = parts(phrase, "en")
    return ([], *([run for run in block if "$" not in run] for block in others))
