import Promise
@_spi(Fuzzing) import Wire

/// Whatever arrives, a request, an answer, a line for the bridge or their own refusals, and what was read is written so.
@main enum Fuzz {
    static func main() {
        Fuzzer.run(check)
    }

    static func check(_ input: inout Input) {
        let choice = input.choice()
        let line = input.material()
        let difference =
            switch choice % 3 {
            case 0: RuntimeRPCFuzzing.requestDifference(line)
            case 1: RuntimeRPCFuzzing.responseDifference(line)
            default: RuntimeRPCFuzzing.bridgeDifference(line)
            }
        promise(difference == nil, difference ?? "")
    }
}
