"""The bot's own sentences. A leaf package has no catalogue, so it carries them itself, by key."""

from __future__ import annotations

from collections.abc import Mapping

_JAPANESE: Mapping[str, str] = {
    "greeting": "こんにちは。ご質問をどうぞ。",
    "thanks": "ありがとうございます。ほかにもご不明な点がございましたら、お気軽にお尋ねください。",
    "go_ahead": "承知しました。ご質問がございましたら、どうぞお書きください。",
    "ask": "どちらについてのお尋ねでしょうか。",
    "ask_one": "「{title}」についてのお尋ねでしょうか。",
    "unknown": "申し訳ございません。その内容にはお答えできる情報がありません。"
    "別の言い方でお尋ねいただくか、担当者にお問い合わせください。",
    "none_of_these": "失礼いたしました。もう少し詳しくお聞かせいただけますか。",
    "said_already": "恐れ入ります、先ほどと同じご案内になってしまいます。"
    "別の言い方でお尋ねいただくか、担当者にお問い合わせください。",
    "i_am_a_bot": "こちらは自動応答のボットです。担当者をご希望でしたら、「担当者と話す」とお送りください。",
    "introduction": "自動応答のボットがお答えします。",
    "no_help": "お役に立てず申し訳ございません。担当者におつなぎしましょうか。",
    "helped_yes": "役に立った",
    "helped_no": "役に立たなかった",
    "handing_over": "担当者におつなぎします。",
    "one_moment": "少々お待ちください。",
    "handing_over_misses": "お力になれず申し訳ございません。担当者におつなぎします。",
    "handing_over_anger": "ご不快な思いをおかけし、誠に申し訳ございません。担当者におつなぎします。",
    "escalating": "大切なお話ですので、担当の者が確認いたします。",
    "outside_language": "担当者におつなぎします。",
    "chip_yes": "はい",
    "chip_no": "いいえ",
    "chip_none": "どれでもない",
    "chip_person": "担当者と話す",
}

_ENGLISH: Mapping[str, str] = {
    "greeting": "Hello! What can I help you with?",
    "thanks": "You're welcome. If there is anything else, just ask.",
    "go_ahead": "All right. If there is anything you would like to know, just ask.",
    "ask": "Which of these is your question about?",
    "ask_one": "Is your question about “{title}”?",
    "unknown": "I'm sorry, I don't have an answer to that. "
    "You could put it in other words, or ask to talk to a person.",
    "none_of_these": "I'm sorry. Could you tell me a little more?",
    "said_already": "I'm sorry, I would only be repeating myself. "
    "You could put it in other words, or ask to talk to a person.",
    "i_am_a_bot": "I'm a bot: the answers here are automatic. "
    "To get a person, just write “Talk to a person”.",
    "introduction": "This is an automatic assistant.",
    "no_help": "I'm sorry this didn't help. Would you like to talk to a person?",
    "helped_yes": "This helped",
    "helped_no": "This didn't help",
    "handing_over": "I'll get someone from our team for you.",
    "one_moment": "One moment, please.",
    "handing_over_misses": "I'm sorry I couldn't help. I'll get someone from our team for you.",
    "handing_over_anger": "I'm very sorry about this. I'll get someone from our team for you.",
    "escalating": "This is important, so someone from our team will look into it.",
    "outside_language": "I'll get someone from our team for you.",
    "chip_yes": "Yes",
    "chip_no": "No",
    "chip_none": "None of these",
    "chip_person": "Talk to a person",
}

PHRASES: Mapping[str, Mapping[str, str]] = {"ja": _JAPANESE, "en": _ENGLISH}


def phrase(key: str, language: str, **values: str) -> str:
    """The sentence `key` in `language`, in English where there is none. Raises KeyError for no such key."""
    sentence = PHRASES.get(language, _ENGLISH)[key]
    return sentence.replace("{title}", values["title"]) if values else sentence
