import Promise
@_spi(Fuzzing) import Wire

/// Whatever arrives, a request, an answer or their own refusals, and what was read is written so.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let choice = input.choice()
        let line = input.material()
        let difference =
            choice & 1 == 0 ? DaemonIPCFuzzing.requestDifference(line) : DaemonIPCFuzzing.answerDifference(line)
        promise(difference == nil, difference ?? "")
    }
}
