"""Japanese sentence endings: what a question is dressed in, and says little about its subject."""

from __future__ import annotations

import re

_ENDINGS = re.compile(
    r"""(?:
        でしょうか|ですか|でした|です|だ|である
      |ますか|ますでしょうか|ます|ません|ました|まして|ませ|ましょうか
      |くださいませ|ください|下さい|ほしい|欲しい|ちょうだい|希望
      |教えて|おしえて|知りたい|しりたい|聞きたい|伺いたい|しりたく|知りたく
      |したい|たい|したく|たく|して|できる|出来る|できない|出来ない|でき|出来|される|されない|され
      |いただけ|頂け|いただき|頂き|もらえる|もらえ|貰え|くれる|くれ
      |お願いいたし|お願い致し|お願いし|お願い|おねがい|いたし|致し
      |ありそう|あり|ある|ない|なく|おり|いる|いま|可能|大丈夫|必要
      |について|に関して|とは|という|って|のこと|こと|方法|の方|場合
      |んですけど|んですが|のですが|ですけど|けれど|けど|ですが|んだ|だけど
      |なん|何|どう|どの|どれ|どこ|よう|いい|よい|良い
      |は|が|を|に|で|と|も|の|か|ね|よ|な|さ|し|ん
    )$""",
    re.VERBOSE,
)


def without_ending(chunk: str) -> str:
    """`chunk`, a folded run of Japanese, down to its subject; empty if it was nothing but ending."""
    while ending := _ENDINGS.search(chunk):
        chunk = chunk[: ending.start()]
    return chunk
