"""WeChat official accounts (https://developers.weixin.qq.com/doc/service/guide/)."""
