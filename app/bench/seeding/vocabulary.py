"""The words the seeded texts are made of, the most usual first: how often each comes falls off by its rank."""

PRODUCTS_JA = (
    "商品", "コート", "シャツ", "靴", "バッグ", "財布", "セーター", "マグカップ", "時計", "帽子", "スカート",
    "手袋", "マフラー", "傘", "ジャケット", "ワンピース", "タオル", "枕", "毛布", "照明", "椅子", "机", "本棚",
    "フライパン", "炊飯器", "掃除機", "加湿器", "電気ケトル", "イヤホン", "充電器", "化粧水", "日焼け止め",
    "石鹸", "香水", "ギフトカード", "福袋", "お皿", "箸", "急須", "湯呑み", "浴衣", "風呂敷", "扇子", "和菓子",
    "煎茶", "珈琲豆", "蜂蜜", "味噌", "醤油", "昆布", "自転車", "水筒", "リュックサック", "寝袋", "テント",
)  # fmt: skip
PRODUCTS_EN = (
    "order", "coat", "shirt", "shoes", "bag", "wallet", "sweater", "mug", "watch", "hat", "skirt", "gloves",
    "scarf", "umbrella", "jacket", "dress", "towel", "pillow", "blanket", "lamp", "chair", "desk", "bookcase",
    "frying pan", "rice cooker", "vacuum cleaner", "humidifier", "kettle", "earphones", "charger", "lotion",
    "sunscreen", "soap", "perfume", "gift card", "plate", "teapot", "yukata", "fan", "coffee beans", "honey",
    "bicycle", "water bottle", "backpack", "sleeping bag", "tent",
)  # fmt: skip
TRAITS_JA = (
    "黒の", "白い", "Mサイズの", "Lサイズの", "新しい", "青い", "限定の", "先週買った", "店舗で見た", "赤い",
    "子供用の", "母に贈る", "セール中の", "茶色の", "一番小さい", "革の", "予約した", "友人と同じ", "展示品の",
    "灰色の", "紺色の", "左利き用の", "父の日の", "緑色の", "桜柄の", "防水の", "名入れの", "麻の", "絹の",
)  # fmt: skip
TRAITS_EN = (
    "black", "white", "medium", "large", "new", "blue", "limited", "red", "small", "brown", "leather", "grey",
    "waterproof", "navy", "green", "silk", "linen", "left-handed", "engraved", "children's", "spare",
)  # fmt: skip
PLACES_JA = (
    "東京", "大阪", "横浜", "名古屋", "札幌", "福岡", "京都", "神戸", "渋谷店", "新宿店", "銀座店", "仙台",
    "広島", "梅田店", "金沢", "那覇", "新潟", "静岡", "岡山", "熊本", "長野", "高松", "鹿児島", "奈良", "函館",
)  # fmt: skip
PLACES_EN = (
    "Tokyo", "Osaka", "Yokohama", "Kyoto", "Sapporo", "London", "Singapore", "New York", "Taipei", "Sydney",
    "Fukuoka", "Nagoya", "Paris", "Berlin", "Toronto", "Hong Kong", "Okinawa", "Seattle", "Kanazawa",
)  # fmt: skip
TIMES_JA = (
    "今日", "明日", "昨日", "今週中", "来週", "週末", "今朝", "先月", "三日前", "月末", "夕方", "午前中",
    "年末", "金曜日", "土曜日", "来月", "連休前", "お盆", "誕生日", "十二月", "一週間前", "正午", "夜八時",
)  # fmt: skip
TIMES_EN = (
    "today", "tomorrow", "yesterday", "this week", "next week", "on Friday", "this morning", "last month",
    "three days ago", "in the evening", "on Saturday", "before the holidays", "next month", "at noon",
)  # fmt: skip

ASKED_JA = (
    "{trait}{product}はまだ在庫がありますか？",
    "{time}注文した{product}がまだ届きません。",
    "{product}を返品したいのですが、どうすればよいですか？",
    "{trait}{product}のサイズを交換できますか？",
    "配送先を{place}に変更してください。",
    "{time}までに{place}へ届きますか？",
    "支払い方法をクレジットカードから変更できますか？",
    "{product}の色が写真と違いました。",
    "届いた{trait}{product}に傷がありました。",
    "ポイントは{time}使えますか？",
    "領収書の発行をお願いします。",
    "{place}で{product}を受け取れますか？",
    "注文をキャンセルしたいです。",
    "{trait}{product}の再入荷は{time}でしょうか？",
    "送料はいくらですか？",
    "{place}の営業時間を教えてください。",
    "ログインできなくなりました。",
    "{product}のラッピングはできますか？",
    "{product}の保証書が入っていませんでした。",
    "{time}電話しましたが、つながりませんでした。",
    "{trait}{product}の使い方がわかりません。",
    "クーポンコードが使えないようです。",
    "会員登録のメールが{time}から届きません。",
    "{place}の店舗で{trait}{product}を試着できますか？",
    "返金は{time}になりますか？",
    "{product}を{time}までに{place}の母へ送りたいです。",
    "先ほどの{product}の件、よろしくお願いします。",
    "{trait}{product}と{trait}{product}をまとめて送ってもらえますか？",
    "名前の漢字が間違っていたので直してください。",
    "宅配ボックスに{product}がありませんでした。",
)
ANSWERED_JA = (
    "お問い合わせいただきありがとうございます。",
    "ご不便をおかけし、申し訳ございません。",
    "{trait}{product}は{place}に在庫がございます。",
    "{time}中に{place}から発送いたします。",
    "返品は到着から十四日以内に承っております。",
    "交換の手続きをいたしましたので、{time}までお待ちください。",
    "配送先を{place}に変更いたしました。",
    "返金は{time}までにカード会社を通じて行われます。",
    "{product}の写真をお送りいただけますでしょうか？",
    "担当の者が{time}ご連絡いたします。",
    "ご注文の{trait}{product}は{time}お届けの予定です。",
    "送料は全国一律で、五千円以上で無料となります。",
    "他にご不明な点がございましたら、お気軽にお知らせください。",
    "{place}の店舗でもお受け取りいただけます。",
    "領収書は購入履歴から発行できます。",
    "確認いたしますので、少々お待ちください。",
    "{trait}{product}の再入荷は{time}を予定しております。",
    "パスワードの再設定のご案内をお送りしました。",
    "ラッピングは無料で承ります。",
    "キャンセルを承りました。",
)
ASKED_EN = (
    "Is the {trait} {product} still in stock?",
    "My {product} has not arrived since {time}.",
    "I would like to return the {trait} {product}.",
    "Can I change the delivery address to {place}?",
    "Will it arrive in {place} {time}?",
    "The {product} I received {time} is damaged.",
    "How much is shipping to {place}?",
    "Please cancel my order for the {trait} {product}.",
    "Can I exchange the {product} for a {trait} one?",
    "I need a receipt for the {product}.",
    "When will the {trait} {product} be back in stock?",
    "The coupon code does not work for the {product}.",
    "I cannot sign in to my account.",
    "Do you deliver {time} to {place}?",
    "What are the opening hours of the {place} store?",
    "Could you gift wrap the {trait} {product}?",
    "The refund has not arrived {time}.",
    "I tried to call {time} but nobody answered.",
    "How do I use the {trait} {product}?",
    "Thank you for your help with the {product}.",
)
ANSWERED_EN = (
    "Thank you for contacting us.",
    "We are sorry for the trouble with the {product}.",
    "The {trait} {product} is available in {place}.",
    "We will ship it from {place} {time}.",
    "Returns are accepted within fourteen days of delivery.",
    "The refund will reach your card {time}.",
    "Could you send us a photo of the {product}?",
    "I have changed the delivery address to {place}.",
    "A colleague will contact you {time}.",
    "Please let us know if there is anything else.",
    "The {trait} {product} will be back {time}.",
    "Your order has been cancelled.",
    "Shipping is free above 5,000 yen.",
    "You can pick it up at our {place} store {time}.",
)
SHORT_JA = (
    "はい。", "ありがとうございます。", "わかりました。", "お願いします。", "了解です。", "すみません。",
    "こんにちは。", "大丈夫です。", "まだですか？", "助かりました！", "どうでしょうか？", "なるほど。",
)  # fmt: skip
SHORT_EN = (
    "Yes.", "Thank you!", "OK.", "Please.", "Any news?", "I see.", "Hello.", "That works.", "Great, thanks.",
    "No problem.",
)  # fmt: skip
NOTES_JA = (
    "{place}の在庫を確認済み。",
    "{product}の件、{time}電話する。",
    "返金の承認待ち。",
    "前回も{product}で問い合わせあり。",
    "{time}店長に確認。",
)

# Words that come seldom, each half as often as the one before: what a search for something rare looks for.
RARE = (
    "有田焼の急須を探しています。", "The turntable hums.", "漆器の手入れを教えてください。", "鱧はありますか？",
    "A theodolite, please.", "螺鈿の小箱をください。", "檜風呂の蓋が割れました。", "The zither is out of tune.",
    "麒麟の置物が欲しいです。", "鼈甲の櫛を直せますか？", "The sextant is bent.", "琥珀の首飾りを見たいです。",
)  # fmt: skip

FAMILY_JA = (
    "佐藤:サトウ", "鈴木:スズキ", "高橋:タカハシ", "田中:タナカ", "伊藤:イトウ", "渡辺:ワタナベ",
    "山本:ヤマモト", "中村:ナカムラ", "小林:コバヤシ", "加藤:カトウ", "吉田:ヨシダ", "山田:ヤマダ",
    "佐々木:ササキ", "山口:ヤマグチ", "松本:マツモト", "井上:イノウエ", "木村:キムラ", "林:ハヤシ",
    "斎藤:サイトウ", "清水:シミズ", "山崎:ヤマザキ", "森:モリ", "池田:イケダ", "橋本:ハシモト", "阿部:アベ",
    "石川:イシカワ", "山下:ヤマシタ", "中島:ナカジマ", "石井:イシイ", "小川:オガワ", "前田:マエダ",
    "岡田:オカダ", "長谷川:ハセガワ", "藤田:フジタ", "後藤:ゴトウ", "近藤:コンドウ", "村上:ムラカミ",
    "遠藤:エンドウ", "青木:アオキ", "坂本:サカモト", "福田:フクダ",
)  # fmt: skip
GIVEN_JA = (
    "陽子:ヨウコ", "健:ケン", "美咲:ミサキ", "太郎:タロウ", "花子:ハナコ", "翔太:ショウタ", "結衣:ユイ",
    "大輔:ダイスケ", "恵:メグミ", "直樹:ナオキ", "真由美:マユミ", "隆:タカシ", "由紀:ユキ", "拓也:タクヤ",
    "愛:アイ", "誠:マコト", "久美子:クミコ", "学:マナブ", "千尋:チヒロ", "亮:リョウ", "智子:トモコ",
    "浩二:コウジ", "葵:アオイ", "蓮:レン", "凛:リン", "優斗:ユウト", "紬:ツムギ", "樹:イツキ",
    "和子:カズコ", "修:オサム",
)  # fmt: skip
FAMILY_EN = (
    "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Wright",
    "Walker", "White", "Green", "Hall", "Wood", "Clarke", "Martin", "Lee", "Chen", "Garcia", "Nguyen",
    "Kim", "Singh", "Müller", "Rossi", "Dubois", "Novak", "Costa", "Silva", "Ivanov",
)  # fmt: skip
GIVEN_EN = (
    "Emma", "Oliver", "Sophia", "James", "Amelia", "Noah", "Mia", "Liam", "Ava", "Lucas", "Grace", "Henry",
    "Chloe", "Daniel", "Ella", "Samuel", "Ruby", "Leo", "Zoe", "Arthur", "Nina", "Hugo", "Clara", "Felix",
    "Iris", "Oscar", "Maya", "Theo", "Anna", "Max",
)  # fmt: skip
