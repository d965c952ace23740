"""What closes a matter, and what does not, however short it is."""

from __future__ import annotations

import pytest

from bots.replies import closes

CLOSES = (
    "はい、わかりました|なるほど|以上です|結構です|安心しました|なんでもないです|承知しました。よろしくお願いします。|いえ、大丈夫です|それでは、失礼します。"
    "|ok thanks|never mind|got it|I see, thank you|OK|that's all|👍|👍🏽|👌|ありがとうございます😊"
)
WANTS = (
    "はい|いいえ|まだですか|もういいです怒|こんにちは|もしもし|あ、もしもし|はい、お世話になっております|すみません|よろしくお願いします"
    "|yes|no|hello|right|？|なるほど？|大丈夫です？|ok?|❓|😡|👎|わかりました💢|…||5521|結構ですと言われましたが"
)


@pytest.mark.parametrize("text", CLOSES.split("|"))
def test_it_closes_the_matter(text: str) -> None:
    assert closes(text)


@pytest.mark.parametrize("text", WANTS.split("|"))
def test_it_does_not_close_the_matter(text: str) -> None:
    assert not closes(text)
