import Glibc

@main struct Main {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if let word = words.first, let verb = HiddenVerb(rawValue: word) {
            verb.run(Array(words.dropFirst()))
        }
        let context = Context(console: Console(environment: .current))
        // One program under two names: as `rtm` it has the command line of runtime-rpc §10.
        let name = CommandLine.arguments.first?.split(separator: "/").last
        let code = name == "rtm" ? RTM(context: context).run(words) : Dispatcher(context: context).run(words)
        exit(code.rawValue)
    }
}
