import Bytes
import Promise

/// Whatever text arrives is refused or the only text of its bytes, and all bytes have a text.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let bytes = input.material()
        for alphabet in [Base64.Alphabet.standard, .urlSafe] {
            let text = Base64.encode(bytes, alphabet)
            promise(text.count == Base64.encodedCount(of: bytes.count, alphabet), "the text is not as long as was said")
            promise((try? Base64.decode(text, alphabet)) == bytes, "the bytes do not come back")
            if let decoded = try? Base64.decode(bytes, alphabet) {
                promise(Base64.encode(decoded, alphabet) == bytes, "two texts mean the same bytes")
            }
        }
    }
}
