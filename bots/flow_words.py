"""What the bot says by itself while it goes through a form, in Japanese and English; the questions are the shop's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_JAPANESE = {
    "unclear": "申し訳ありません、うまく読み取れませんでした。",
    "unclear_number": "申し訳ありません、番号として読み取れませんでした。もう一度お確かめください。",
    "unclear_date": "申し訳ありません、日付がわかりませんでした。「11月3日」「来週の火曜」のようにご入力ください。",
    "unclear_ahead": "申し訳ありません、今日以降の日付を「11月3日」「来週の火曜」のようにご入力ください。",
    "unclear_time": "申し訳ありません、時刻がわかりませんでした。「14時」「午後2時半」のようにご入力ください。",
    "unclear_phone": "申し訳ありません、電話番号として読み取れませんでした。市外局番からご入力ください。",
    "unclear_email": "申し訳ありません、メールアドレスとして読み取れませんでした。",
    "unclear_choice": "下からひとつお選びください。",
    "unclear_photo": "恐れ入りますが、写真（画像ファイル）をお送りください。",
    "unclear_file": "恐れ入りますが、ファイルをお送りください。",
    "corrected": "{label}を「{value}」に直しました。",
    "confirm": "以下の内容でよろしいですか。",
    "which": "どちらを直しますか。",
    "given_up": "承知しました。お手続きを中止しました。ほかにご用件があればお知らせください。",
    "resumed": "先ほどの続きからご案内します。",
    "back": "では、続けます。",
    "handed_over": "ここからは担当者がご案内します。お伺いした内容は引き継ぎますので、このままお待ちください。",
    "done": "ありがとうございます。承りました。",
    "looking": "お調べしています。少々お待ちください。",
    "failed": "申し訳ありません、ただいま確認できませんでした。担当者がお調べしますので、このままお待ちください。",
    "letter_ask": "このメールへのご返信で、次の項目をお知らせください。番号または項目名に続けてご記入ください。",
    "letter_optional": "（任意）",
    "letter_summary": "お知らせいただいた内容は以下のとおりです。違う点がありましたら、このメールにご返信ください。",
    "chip_yes": "はい",
    "chip_correct": "訂正する",
    "chip_stop": "やめる",
    "chip_skip": "スキップ",
}
_ENGLISH = {
    "unclear": "Sorry, I couldn't read that.",
    "unclear_number": "Sorry, I couldn't read that as the number. Please check it once more.",
    "unclear_date": "Sorry, I couldn't tell the day. Please write it like “November 3” or “next Tuesday”.",
    "unclear_ahead": "Sorry, I need a day from today on, like “November 3” or “next Tuesday”.",
    "unclear_time": "Sorry, I couldn't tell the time. Please write it like “14:00” or “2:30 pm”.",
    "unclear_phone": "Sorry, I couldn't read that as a phone number. Please include the area code.",
    "unclear_email": "Sorry, I couldn't read that as an email address.",
    "unclear_choice": "Please choose one of these.",
    "unclear_photo": "Please send a photo (an image file).",
    "unclear_file": "Please send a file.",
    "corrected": "I've changed “{label}” to “{value}”.",
    "confirm": "Is this right?",
    "which": "Which one should I change?",
    "given_up": "All right, I've stopped. Is there anything else I can do for you?",
    "resumed": "Let's go on where we stopped.",
    "back": "Now, let's go on.",
    "handed_over": "Someone from our team will take it from here. They can see what you've told me.",
    "done": "Thank you. We've got everything.",
    "looking": "Let me look that up. One moment, please.",
    "failed": "I'm sorry, I couldn't check that just now. Someone from our team will look into it.",
    "letter_ask": "Please answer this mail with the following, each after its number or name.",
    "letter_optional": " (optional)",
    "letter_summary": "This is what you told us. If anything is wrong, please answer this mail.",
    "chip_yes": "Yes",
    "chip_correct": "Correct something",
    "chip_stop": "Stop",
    "chip_skip": "Skip",
}
WORDS: Mapping[str, Mapping[str, str]] = {"ja": _JAPANESE, "en": _ENGLISH}


def flow_word(key: str, language: str, **values: str) -> str:
    """The sentence `key` in `language`, in English where there is none. Raises KeyError for no such key."""
    sentence = WORDS.get(language, _ENGLISH)[key]
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", value)
    return sentence


def only_skips(chips: Sequence[str]) -> bool:
    """Whether all that is offered is to leave a question out. It has no number then: `1` may be the answer."""
    return list(chips) in [[words["chip_skip"]] for words in WORDS.values()]
