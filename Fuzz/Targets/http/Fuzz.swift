@_spi(Fuzzing) import HTTP
import Promise

/// Whatever arrives, requests or the status that refuses them, the same however it is cut, and never more than allowed.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let seed = input.choice()
        let bytes = input.material()
        let whole = outcome([bytes[...]])
        promise(outcome(cut(bytes, seed: seed)) == whole, "it depends on how the bytes are cut")
        promise(outcome(cut(bytes, seed: 0)) == whole, "it depends on how the bytes are cut")
        promise(whole.count <= bytes.count, "more requests came out than bytes went in")
    }

    private static func outcome(_ pieces: [ArraySlice<UInt8>]) -> [String] {
        RequestFuzzing.outcome(of: pieces, maxHeaderSize: 1024, maxBodySize: 256)
    }
}
