import COpenSSL

/// SHA-256 of bytes, as 64 small hexadecimal digits: what `expected_raw_sha256` is of `raw` (chat-runtime §4.5).
public func sha256(_ bytes: some Sequence<UInt8>) -> String {
    var digest = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    let bytes = Array(bytes)
    SHA256(bytes, bytes.count, &digest)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
