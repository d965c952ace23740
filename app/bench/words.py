"""What customers of benchmarks say: short and long, Japanese and English."""

WORDS = (
    "コートの在庫はありますか？ サイズはMで、色は紺を探しています。",
    "昨日注文したものがまだ届きません。いつごろになりますか。",
    "Where is my order? It was meant to arrive yesterday, and the page still says it is being packed.",
    "返品したいのですが、送料はどちらの負担になりますか",
    "Thank you!",
    "はい",
    "先週の土曜日に渋谷のお店で購入したワンピースについてです。帰宅して確認したところ、袖のボタンが一つ取れていました。"
    "予備のボタンも付いていなかったのですが、修理をお願いすることはできますか。レシートは手元にあります。",
    "お電話ください",
    "Can I change the delivery address? I am away next week.",
    "ポイントカードの番号を忘れてしまいました。登録したメールアドレスは変わっていません。",
    "了解です、ありがとうございました😊",
    "営業時間を教えてください。",
)
