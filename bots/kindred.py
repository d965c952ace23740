"""Words that ask for the same in any shop, office or hotel: known of the languages, not learned from the knowledge.

Where an entry has one question, whoever asks in other words shares none with it. A group is noted as one more word of
the text beside those it has, so that nothing is lost where a shop tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from bots.english import stem
from bots.spelling import spelled
from bots.text import fold

_LONGEST = 3
"""Words of a phrase."""

_ENGLISH = """
price, cost, fee, charge, rate, how much, expensive, pricing, tariff, fare
cheap, cheaper, discount, offer, deal, coupon, voucher, promo, promotion, sale, rebate, bargain, promo code
pay, payment, paying, checkout
refund, money back, reimburse, reimbursement, repay
return, send back, give back, bring back
exchange, swap, replace, replacement, replaced
cancel, cancellation, call off, terminate, unsubscribe, stop, end, discontinue
delivery, deliver, ship, shipping, shipment, dispatch, courier, parcel, package, postage
arrive, arrival, come, reach, receive, received, get here, show up
late, delay, delayed, overdue, slow
track, tracking, where is, locate, whereabouts, status, progress
broken, damaged, defective, faulty, torn, cracked, not working, malfunction, defect, broke, does not work, doesnt work
repair, fix, mend, service
problem, issue, trouble, error, fail, fails, failed, failure, wrong
buy, purchase, order, ordering, get one
available, availability, stock, in stock, out of stock, sold out, restock
shop, store, outlet, branch, showroom, location, dealer
where, address, located, directions, find you, how to get
near, nearby, close by, nearest, closest, around here, in my area
open, opening, hour, close, closing, closed, opening times, business hours, what time
phone, telephone, mobile, cell, cellphone, smartphone, handset, number
contact, reach, call, ring, get in touch, customer care, customer service, helpline, support, hotline
password, pin, passcode, login credentials
login, signin, log, access, get into
account, profile, registration
register, signup, enrol, enroll, join, create an account, membership, member, subscribe, subscription
change, modify, edit, update, amend, alter, switch
delete, remove, erase, close my account, get rid
book, reserve, reservation, booking, appointment, schedule
guarantee, warranty, cover, covered
size, dimension, measurement, big, large, small, width, length, height, fit, fitting
weight, heavy, weigh, kg, pound, lbs
colour, color, shade
material, fabric, made of, ingredient, content, contain
wash, clean, cleaning, laundry, care
gift, present, gift wrap, wrapping
invoice, bill, receipt, statement, billing
card, credit card, debit card, visa, mastercard, amex
instalment, installment, monthly payment, finance, financing
cash, cash on delivery, cod, bank transfer, transfer, wire
balance, funds, money
tax, vat, duty, customs
child, children, kid, kids, baby, infant, toddler, boy, girl
pet, dog, cat, animal
car, vehicle, automobile, auto
park, parking, garage, car park, parking lot
train, station, subway, metro, bus, bus stop, transport
airport, flight, plane, fly
meal, food, breakfast, lunch, dinner, restaurant, eat
allergy, allergic, allergen
original, genuine, authentic, real, fake, counterfeit
withdraw, withdrawal, cash out, take out, payout
deposit, top up, topup, add money, add cash, recharge, credit
bonus, points, loyalty, cashback
refer, referral, invite, invite a friend
verify, verification, identity, id proof, passport
block, blocked, ban, banned, suspend, suspended, lock, locked, freeze, frozen, disable, disabled
lost, stolen, missing, misplace, misplaced, lose, cannot find
job, career, vacancy, hiring, position, work for you, employment
hire, rent, rental, lease, borrow
franchise, distributor, dealership, wholesale, bulk order, reseller, distributorship
language, translate, translation
holiday, vacation, day off, leave, pto, trip, travel
picture, photo, image, pic
loan, mortgage, borrow money, credit line
insurance, insure, policy, insured
guide, manual, instruction, how to use, usage
application, apply, form
international, abroad, overseas, foreign, worldwide, other countries, outside
trial, try, sample, test, demo
different, difference, compare, versus, vs, better
best, recommend, suggest, suggestion, advice, which one, top
hello, hi, hey, greetings
thank, thanks, appreciate, grateful
bye, goodbye, see you, farewell
bot, robot, ai, chatbot, machine, human, real person
"""

_JAPANESE = """
料金 値段 価格 費用 代金 金額 いくら 単価 お値段 有料 手数料
安い 安く 割引 値引き 値下げ クーポン セール 特典 キャンペーン お得 優待 格安 リーズナブル 半額 減額 減免 免除
無料 ただ 無償 タダ サービスで 0円
支払い 払う 払い 払える 決済 精算 会計 納付 納める 納入
クレジットカード カード クレカ VISA
現金 キャッシュ 振込 口座振替 引き落とし 送金
返金 払い戻し 還付 返還 お金を返
返品 返却 返す 返したい 返せ 送り返
交換 取り替え 取替 替え
キャンセル 取り消し 取消 解約 退会 中止 やめたい 辞めたい 廃止 脱退
配送 発送 配達 送る 郵送 宅配 届く お届け 届け先 送付
遅い 遅れ 届かない 遅延 まだ来ない 来ていない
追跡 配送状況 いつ届く 進捗 状況
壊れ 故障 不良 破損 動かない 使えない 不具合 傷 破れ
修理 直す 直し 修繕 補修
予約 申し込み 申込 応募 エントリー
申請 届出 届け出 手続き 届 申告 提出
購入 買う 買い 注文 買える オーダー
在庫 品切れ 売り切れ 入荷 欠品
店舗 お店 店 ショップ 売り場 支店
場所 どこ 住所 所在地 位置 アクセス 行き方 道順 最寄り
近い 近く 近場 周辺 徒歩 付近 そば
営業時間 何時 開店 閉店 受付時間 開館 閉館 利用時間 時間帯 時間
休み 休業 定休日 休館 祝日 休日 土日
電話 連絡先 問い合わせ TEL 番号 電話番号 連絡
窓口 相談 受付 担当課 相談先 問い合わせ先
パスワード 暗証番号 パスコード
ログイン サインイン ログオン 入れない
登録 会員 入会 加入 アカウント 新規
変更 変える 修正 訂正 変わった 直したい 書き換え
住所変更 引っ越し 引越 転居 転入 転出 移転 住所が変わ
削除 消す 抹消 消したい
保証 保障 補償
サイズ 大きさ 寸法 幅 長さ 広さ 大きい 小さい
重さ 重量 重い 軽い
素材 材質 生地 原材料 成分
洗濯 洗う クリーニング 洗える 洗い方 コインランドリー ランドリー
贈り物 ギフト プレゼント 贈答 ラッピング 包装 お祝い 記念日 誕生日 サプライズ
領収書 レシート 請求書 明細 インボイス
子供 子ども 子 こども お子様 キッズ 幼児 赤ちゃん 乳児 乳幼児 児童 小児 ベビー 小学生 子連れ 息子 娘
高齢者 お年寄り シニア 年配 老人 高齢 祖父 祖母 介護
障害者 障がい 車椅子 車いす バリアフリー 身障者
妊娠 妊婦 出産 産前 産後 母子 お産
結婚 婚姻 入籍
離婚 離縁
死亡 亡くな 死去 葬儀 火葬 遺族
保育園 保育所 幼稚園 託児 こども園 保育
学校 小学校 中学校 入学 転校 通学
ごみ ゴミ 廃棄物 粗大ごみ 収集 分別 不用品 捨て 処分
税金 税 課税 納税 住民税 市民税 固定資産税
年金 国民年金
健康保険 保険証 国民健康保険 国保 保険
証明書 証明 住民票 戸籍 謄本 抄本 写し
印鑑 実印 印鑑登録 はんこ
身分証 本人確認 免許証 マイナンバー パスポート
健診 検診 健康診断 予防接種 ワクチン 接種
病院 医療 診療 医者 クリニック 救急
助成 補助 補助金 給付 手当 支援金 支給 助成金
水道 下水道 上水 断水
公園 広場 遊び場 遊具
図書館 図書 本
災害 地震 避難 防災 台風
犬 猫 ペット 動物 わんちゃん 愛犬
車 自動車 マイカー くるま クルマ
駐車場 パーキング 駐車 停め
駅 電車 鉄道 新幹線 最寄り駅
バス シャトルバス 送迎 路線バス
空港 飛行機 フライト
タクシー 配車
部屋 客室 ルーム 間取り
喫煙 禁煙 タバコ たばこ 煙草 吸え
風呂 温泉 露天 浴場 大浴場 バス付き 入浴 湯
食事 ご飯 料理 夕食 朝食 ディナー ランチ 食べ レストラン ごはん モーニング バイキング ビュッフェ
アレルギー 食べられない 除去
景色 眺め 夜景 眺望 ビュー 見晴らし
ベッド 布団 寝具 ツイン ダブル シングル
アメニティ 備品 シャンプー タオル 歯ブラシ パジャマ 化粧水
wifi 無線 インターネット ネット 通信 ワイファイ lan
荷物 手荷物 スーツケース 預け 預かり
チェックイン 到着 入室
チェックアウト 退室 出発
夜遅く 深夜 夜中 遅い時間 遅く
早朝 朝早く 早い時間
眠れ 寝 睡眠 静か 騒音 うるさい
観光 名所 見どころ 遊び スポット レジャー
イベント 催し 行事 祭り
口コミ 評判 評価 レビュー
清潔 きれい 綺麗 衛生 掃除 清掃
運動 ジム フィットネス プール トレーニング
マッサージ エステ リラックス スパ
コンビニ スーパー 買い物 売店
自動販売機 自販機
飲み物 ドリンク 酒 お酒 飲み バー アルコール
充電 コンセント 電源
外国 海外 国外 外国人 外国籍 英語
必要なもの 持ち物 持参 必要書類 用意する 書類 必要な物
方法 やり方 仕方 どうやって どうすれば どうしたら 手順
期限 期間 締切 いつまで 有効期限 締め切り
いつから 開始 始まる
対象 条件 資格 誰が だれが 要件
紛失 なくし 失くし 無くし 忘れ物 落とし 盗難 盗ま
再発行 再交付 作り直
求人 採用 アルバイト 就職 募集 仕事 職員採用
寄付 ふるさと納税 寄附
苦情 クレーム 不満 要望 意見
おすすめ お勧め オススメ 推薦 人気
禁止 だめ ダメ いけない
"""


@cache
def _english() -> dict[tuple[str, ...], int]:
    return {
        tuple(map(stem, spelled(fold(word), "en").split())): number
        for number, group in reversed(list(enumerate(_ENGLISH.split("\n"))))
        for word in group.split(",")
        if word.strip()
    }


@cache
def _japanese() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for number, group in reversed(list(enumerate(_JAPANESE.split("\n")))):
        for word in filter(None, (spelled(fold(one), "ja") for one in group.split())):
            found.setdefault(word[0], {})[word] = number
    return {
        first: dict(sorted(words.items(), key=lambda one: (-len(one[0]), one[0])))
        for first, words in found.items()
    }


def kindred(folded: str, language: str) -> list[str]:
    """The groups that folded text has a word of, by names no word has, in their order; each once."""
    if language == "ja":
        found = _in_japanese(folded.replace(" ", ""))
    elif language == "en":
        found = _in_english([stem(word) for word in folded.split()])
    else:
        return []
    return [f"~{number}" for number in dict.fromkeys(found)]


def _in_english(words: list[str]) -> Iterator[int]:
    known = _english()
    for place in range(len(words)):
        for size in range(1, _LONGEST + 1):
            number = known.get(tuple(words[place : place + size]))
            if number is not None and place + size <= len(words):
                yield number


def _in_japanese(text: str) -> Iterator[int]:
    known, place = _japanese(), 0
    while place < len(text):
        word = next((one for one in known.get(text[place], ()) if text.startswith(one, place)), "")
        if word:
            yield known[text[place]][word]
        place += len(word) or 1
