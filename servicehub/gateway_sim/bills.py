"""Bills of a day as both platforms write them: columns, quoting, encodings, sums at the end."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from decimal import Decimal

from servicehub.gateway_sim.platform import Platform

FEE_BP = 60
"""What both platforms keep of a payment; a refund gives its part back."""


def _columns(*texts: str) -> tuple[str, ...]:
    return tuple("".join(texts).split(","))


WECHAT_COLUMNS = _columns(
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,",
    "代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,",
    "费率备注",
)
FUND_COLUMNS = _columns(
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号"
)
SHARE_COLUMNS = _columns(
    "分账时间,分账发起方,分账方,微信订单号,微信分账/回退单号,分账明细单号,商户分账/回退单号,订单金额,分账接收方,金额,业务类型,处理状态,分账描述"
)
TRADE_COLUMNS = _columns(
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,",
    "支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,",
    "退款批次号/请求号,服务费（元）,分润（元）,备注",
)
ACCOUNT_COLUMNS = _columns(
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注,",
    "业务描述,业务账单来源,业务基础订单号,业务订单号",
)


def fee_fen(fen: int) -> int:
    """The platform's share of an amount, half up."""
    return (fen * FEE_BP + 5_000) // 10_000


def wechat_bill(platform: Platform, day: str) -> str:
    """The trade bill of a day; empty when nothing happened."""
    rows = [
        _wechat_row(one, one["success_time"]) | {"交易状态": "SUCCESS", "手续费": _yuan(fee_fen(one["total"]), 5)}
        for one in platform.every("wechat")
        if one.get("success_time", "").startswith(day)
    ]
    for one in platform.every("wechat-refund"):
        arrived = one["status"] == "SUCCESS" and one["create_time"].startswith(day)
        if arrived and (paid := platform.get("wechat", one["out_trade_no"])):
            fen = one["amount"]["refund"]
            rows.append(
                _wechat_row(paid, one["create_time"])
                | {
                    "交易状态": "REFUND",
                    "微信退款单号": one["refund_id"],
                    "商户退款单号": one["out_refund_no"],
                    "退款金额": _yuan(fen),
                    "申请退款金额": _yuan(fen),
                    "退款类型": "ORIGINAL",
                    "退款状态": "SUCCESS",
                    "手续费": _yuan(-fee_fen(fen), 5),
                }
            )
    if not rows:
        return ""
    lines = [",".join(WECHAT_COLUMNS)]
    lines += [",".join(f"`{row.get(name, '')}" for name in WECHAT_COLUMNS) for row in rows]
    lines += [
        "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额",
        f"`{len(rows)},`0.00",
    ]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def wechat_fund_bill(platform: Platform, day: str, account: str) -> str:
    """What moved on an account of the merchant on a day: trades on the basic one, transfers on the one for operations."""
    rows = list(_trade_funds(platform, day) if account == "BASIC" else _transfer_funds(platform, day))
    if not rows or account not in ("BASIC", "OPERATION"):
        return ""
    lines = [",".join(FUND_COLUMNS)]
    lines += [",".join(f"`{row.get(name, '')}" for name in FUND_COLUMNS) for row in rows]
    lines += ["资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额", f"`{len(rows)},`0,`0.00,`0,`0.00"]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def wechat_share_bill(platform: Platform, day: str) -> str:
    """What was divided on a day, part by part, and what came back; what came to nothing is in no bill."""
    rows = [*_shared(platform, day), *_shares_returned(platform, day)]
    if not rows:
        return ""
    total = sum((Decimal(row["金额"]) for row in rows), Decimal(0))
    lines = [",".join(SHARE_COLUMNS)]
    lines += [",".join(f"`{row.get(name, '')}" for name in SHARE_COLUMNS) for row in rows]
    lines += ["总条数,总金额", f"`{len(rows)},`{total:.2f}"]
    return "\ufeff" + "\r\n".join(lines) + "\r\n"


def _shared(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    """Shares, and the ends of sharing: what is unfrozen goes to the merchant itself, as if it were one more receiver."""
    for one in platform.every("wechat-share"):
        for part in one["receivers"] if one.get("at", "").startswith(day) else ():
            if part["result"] == "SUCCESS":
                kind = "分账" if "detail_id" in part else "解冻剩余资金"
                row = _share_row(platform, one["at"], one["transaction_id"], part["account"], part["amount"], kind)
                detail = part.get("detail_id", one["order_id"])
                yield row | {
                    "微信分账/回退单号": one["order_id"], "分账明细单号": detail, "商户分账/回退单号": one["out_order_no"],
                    "分账描述": str(part.get("description", "")).replace(",", " "),
                }  # fmt: skip


def _shares_returned(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    for one in platform.every("wechat-return"):
        share = platform.get("wechat-share", one["out_order_no"]) or {}
        if one["result"] == "SUCCESS" and one["finish_time"].startswith(day):
            transaction = str(share.get("transaction_id", ""))
            yield _share_row(
                platform, one["finish_time"], transaction, one["return_mchid"], one["amount"], "分账回退"
            ) | {
                "微信分账/回退单号": one["return_id"], "分账明细单号": one["return_id"],
                "商户分账/回退单号": one["out_return_no"], "分账描述": one["description"].replace(",", " "),
            }  # fmt: skip


def _share_row(platform: Platform, at: str, transaction: str, account: str, fen: int, kind: str) -> dict[str, str]:
    paid = next((one for one in platform.every("wechat") if one.get("transaction_id") == transaction), None)
    merchant = str(platform.keys.facts["merchant_id"])
    return {
        "分账时间": at[:19].replace("T", " "), "分账发起方": merchant, "分账方": merchant, "微信订单号": transaction,
        "订单金额": _yuan(paid["total"] if paid else 0), "分账接收方": account, "金额": _yuan(fen), "业务类型": kind,
        "处理状态": "处理成功",
    }  # fmt: skip


def _trade_funds(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    for one in platform.every("wechat"):
        if one.get("success_time", "").startswith(day):
            yield _fund_row(
                one["success_time"], one["transaction_id"], "交易", "收入", one["total"], one["out_trade_no"]
            )


def _transfer_funds(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    """The money is taken when a transfer is accepted, and comes back when it comes to nothing."""
    for one in platform.every("wechat-transfer"):
        if one["at"].startswith(day):
            yield _fund_row(one["at"], one["number"], "商家转账", "支出", one["fen"], one["no"])
        if one["state"] in ("FAIL", "CANCELLED") and one["ended_at"].startswith(day):
            yield _fund_row(one["ended_at"], one["number"], "商家转账退回", "收入", one["fen"], one["no"])


def _fund_row(at: str, number: str, kind: str, way: str, fen: int, no: str) -> dict[str, str]:
    return {
        "记账时间": at[:19].replace("T", " "), "微信支付业务单号": number, "资金流水单号": number, "业务名称": kind,
        "业务类型": kind, "收支类型": way, "收支金额(元)": _yuan(fen), "账户结余(元)": "0.00", "业务凭证号": no,
    }  # fmt: skip


def alipay_bill(platform: Platform, kind: str, day: str) -> bytes:
    """The trade bill or the account's bill of a day, in a zip; empty when nothing happened."""
    if kind == "trade":
        columns, rows = TRADE_COLUMNS, list(_trades(platform, day))
    else:
        columns, rows = ACCOUNT_COLUMNS, [*_transfers(platform, day), *_royalties(platform, day)]
    if not rows:
        return b""
    text = io.StringIO()
    text.write(f"#支付宝业务明细查询\r\n#账号：[{platform.keys.facts['seller_id']}]\r\n#-----业务明细列表-----\r\n")
    table = csv.DictWriter(text, columns, restval="")
    table.writeheader()
    table.writerows(rows)
    text.write("#-----业务明细列表结束-----\r\n")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as folder:
        folder.writestr(f"{day}_业务明细.csv", text.getvalue().encode("gbk", "replace"))
        folder.writestr(f"{day}_业务明细(汇总).csv", "#汇总\r\n".encode("gbk"))
    return packed.getvalue()


def _wechat_row(paid: dict[str, object], when: object) -> dict[str, str]:
    total = _yuan(int(str(paid["total"])))
    return {
        "交易时间": str(when)[:19].replace("T", " "),
        "公众账号ID": str(paid["appid"]),
        "商户号": str(paid["mchid"]),
        "微信订单号": str(paid["transaction_id"]),
        "商户订单号": str(paid["out_trade_no"]),
        "交易类型": "MWEB",
        "货币种类": "CNY",
        "应结订单金额": total,
        "订单金额": total,
        "退款金额": "0.00",
        "申请退款金额": "0.00",
        "商品名称": str(paid.get("description", "")).replace(",", " "),
        "费率": "0.60%",
    }


def _trades(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    for one in platform.every("alipay"):
        if str(one.get("paid_at", "")).startswith(day):
            yield {
                "支付宝交易号": one["trade_no"], "商户订单号": one["no"], "业务类型": "交易", "商品名称": one["subject"],
                "完成时间": one["paid_at"], "订单金额（元）": _yuan(one["fen"]), "商家实收（元）": _yuan(one["fen"]),
                "服务费（元）": _yuan(-fee_fen(one["fen"])),
            }  # fmt: skip
    for no, one in platform.numbered("alipay-refund"):
        if str(one.get("at", "")).startswith(day):
            payment, _slash, number = no.partition("/")
            yield {
                "支付宝交易号": one["of"], "商户订单号": payment, "业务类型": "退款", "完成时间": one["at"][:19].replace("T", " "),
                "订单金额（元）": _yuan(-one["fen"]), "商家实收（元）": _yuan(-one["fen"]), "退款批次号/请求号": number,
                "服务费（元）": _yuan(fee_fen(one["fen"])),
            }  # fmt: skip


def _transfers(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    for one in platform.every("alipay-transfer"):
        if str(one.get("at", "")).startswith(day):
            yield {
                "业务流水号": one["order_id"], "商户订单号": one["no"], "发生时间": one["at"][:19].replace("T", " "),
                "对方账号": one["to"], "收入金额（+元）": "0.00", "支出金额（-元）": _yuan(-one["fen"]), "业务类型": "转账",
            }  # fmt: skip


def _royalties(platform: Platform, day: str) -> Iterable[dict[str, str]]:
    """What went out to receivers of shares, and what a refund brought back from them, under the number of the payment."""
    for one in platform.every("alipay-settle"):
        for part in one["parts"] if one.get("at", "").startswith(day) else ():
            trade = next(trade for trade in platform.every("alipay") if trade["trade_no"] == one["trade_no"])
            yield _royalty(one["at"], one["settle_no"], trade["no"], one["trade_no"], part["trans_in"], -part["fen"])
    for no, one in platform.numbered("alipay-refund"):
        if one.get("returned") and one["at"].startswith(day):
            payment = no.partition("/")[0]
            number = f"{one['of']}{no.rpartition('/')[2][-12:]}"
            yield _royalty(one["at"], number, payment, one["of"], one["returned_by"], one["returned"])


def _royalty(at: str, number: str, payment: str, trade: str, account: str, fen: int) -> dict[str, str]:
    """A row of the account's bill; what goes out is negative."""
    return {
        "账务流水号": number, "业务流水号": trade, "商户订单号": payment, "发生时间": at[:19].replace("T", " "),
        "对方账号": account, "收入金额（+元）": _yuan(max(fen, 0)), "支出金额（-元）": _yuan(min(fen, 0)),
        "业务类型": "交易分账", "业务描述": "分账" if fen < 0 else "分账退回", "业务基础订单号": payment,
    }  # fmt: skip


def _yuan(fen: int, digits: int = 2) -> str:
    return f"{Decimal(fen) / 100:.{digits}f}"
