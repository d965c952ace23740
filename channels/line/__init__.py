"""LINE official accounts by the Messaging API (https://developers.line.biz/en/reference/messaging-api/)."""
