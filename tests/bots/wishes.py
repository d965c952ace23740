"""How customers ask for a person, and what only sounds like it; a line each."""

WANTED_JA = """
オペレーターさんお願いします
オペレーター様お願いします
オペレーターさんをお願いします
オペレーターと話したい
オペレーターに繋いでください
オペレーターにつないで
オペレータに代わって
オペレーター出して
オペレーターさんに聞きたい
オペレーターの方お願いします
オペレーターの方と話せますか
オペレーター対応希望
オペレーター希望
人間と話したい
人間と話したいです
人間に代わって
人間お願い
人間を出してください
人と話がしたい
人に代わってください
人に繋いでもらえますか
人につないでほしい
ちゃんとした人と話したい
生身の人間と話させて
担当の方に代わって
担当の方に代わってください
担当の方をお願いします
担当の方につないでいただけますか
担当者さんお願いします
担当者様とお話ししたいです
担当者と直接話したい
担当者から連絡がほしい
担当者から電話をください
担当の者をお願いします
ご担当者様をお願いいたします
係の方お願いします
係の人と話したい
係員さんを呼んでください
スタッフさんお願いします
スタッフの方に聞きたいです
スタッフと直接やり取りしたい
スタッフさんと話せますか
店員さんに聞きたい
店員さんお願いします
店長さんを出して
責任者を出してください
責任者の方と話したい
上の人を出して
上の方に代わってください
有人でお願いします
有人対応に切り替えてください
有人サポートを希望します
チャットボットじゃなくて人と話したい
ボットではなく人間に対応してほしい
AIじゃなくて人に聞きたい
機械じゃなく人でお願いします
誰か人はいませんか
誰かいませんか
誰か対応してくれる人はいますか
電話で話したい
電話で直接話せますか
カスタマーサポートにつないで
サポートの人と話したい
窓口の人に代わって
担当の方お願いいたします
担当者にお願いしたいのですが
担当者から連絡していただきたい
店長に電話した方がいいですか
オペレーターを希望しています
上司を出して
昨日担当者に連絡しましたが返事がないので店長に代わってください
"""

NOT_WANTED_JA = """
担当者の名前は？
担当者は何時までいますか
担当者の連絡先を変更したい
担当者が決まったら連絡はありますか
スタッフの人数は
スタッフ募集はしていますか
店員さんの制服はどこで買えますか
店員さんの対応が良かったです
人気の商品は
人数を変更したい
3人で予約したい
二人分お願いします
大人二人お願いします
友人に送りたい
本人に連絡してください
家族の人に渡せますか
人形を出してください
一人でも参加できますか
他の人に譲れますか
他の人も使えますか
人に贈りたいのですが
人間ドックは予約できますか
人間関係で悩んでいます
外国人でも申し込めますか
法人で契約したい
美人になれますか
オペレーターの求人はありますか
オペレーターの電話番号は
オペレーターは何時から対応していますか
責任者の名前を教えて
店長の名前は
上の階に行きたい
上の子の服がほしい
係の方の対応がよかった
社員割引はありますか
社員の方も買えますか
人がいない時間はいつですか
人が多い時間帯を教えて
人感センサーはついていますか
有人レジはありますか
電話番号を変更したい
電話で注文できますか
電話で予約したい
誰か紹介すると特典はありますか
誰でも買えますか
サポートの期間は
サポーターはありますか
窓口の時間は
担当が変わりました
担当の地域はどこですか
スタッフの声はどこで読めますか
スタッフブログを見たい
人参はありますか
人手不足ですか
求人を出してください
オペレーターじゃなくていいです
担当者とは話したくない
人は結構です
担当の方にお礼を伝えてください
店員さんが着ていた服がほしい
スタッフおすすめをお願いします
店員さんに聞いたのですが在庫はありますか
上司に相談してから買います
担当者と相談してから決めます
スタッフにお願いした件はどうなりましたか
担当者に連絡したのですが返事がありません
担当者から連絡をいただいたのですが
担当者が変わりましたか
昨日オペレーターと話しました
"""

WANTED_EN = """
talk to a human
talk to human
can i talk to a human please
i want to talk to a real person
i want to speak with a person
i'd like to speak to someone
i would like to talk to an agent
let me talk to a human
let me speak to a person
let me speak to your manager
i want to speak to a manager
get me your supervisor
can i speak with a supervisor
speak to a representative
speak with an operator please
representative
operator
agent
human please
live agent
live chat with a person
real human now
connect me to an agent
connect me with a human
please connect me to customer service
transfer me to a human
transfer to agent
transfer this chat to an agent
put me through to someone
put me through to a person please
hand me over to a human
pass me to a colleague
switch me to a live agent
get me a human
get a human
give me a real person
find me someone to talk to
i need a human
i need to talk to someone
i need a person not a bot
i want a human not a robot
i don't want to talk to a bot
i do not want to chat with a robot
stop, i want a real person
no bots please, a human
is there a human i can talk to
is there anyone i can talk to
is anybody there
is anyone there
anyone there?
is there a real person there
can someone call me
could someone help me in person
can a human help me
could a real person answer this
can an agent contact me
have someone call me back
i want someone to call me
please have an agent contact me
customer service please
can i chat with a live person
i prefer to speak with staff
talk to sales
talk to support
"""

NOT_WANTED_EN = """
what is the agent's name
what are travel agent fees
is the cleaning agent safe
do your staff speak english
how many staff do you have
how many people fit in the tent
a ticket for one person
price per person
two people please
i need a jacket for a tall person
can a person in a wheelchair visit
is this safe for people with allergies
can i give it to someone else
can someone else collect my parcel
can somebody else pick it up
someone stole my card
someone used my account
somebody left a review
i was helped by a nice person
your agent was great
the operator was rude on monday
who is the manager of the store
is the store manager hiring
can i become an agent
how do i become a representative
are you a human
are you a real person
am i talking to a human
do you hire people
human hair wigs
human size mannequin
is it human grade food
human resources address
how do i contact the seller
how can i contact customer service
what is the customer service number
when is customer service open
is customer support open on sunday
where is the customer service desk
customer service was bad yesterday
personal data deletion
can i personalise it
in person pickup
do i have to collect it in person
person of the year poster
staff discount
staff uniforms for sale
support bra sizes
back support cushion
live concert tickets
live fish delivery
real leather bag
real estate listings
tour operator licence
network operator supported
i don't need a human
i do not want to talk to an agent
no agent needed
no human needed thanks
without talking to anyone
who can i call
call me maybe lyrics
"""
