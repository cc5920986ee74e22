import Glibc

@main struct Main {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if let word = words.first, let verb = HiddenVerb(rawValue: word) {
            verb.run(Array(words.dropFirst()))
        }
        let context = Context(console: Console(environment: .current))
        exit(Dispatcher(context: context).run(words).rawValue)
    }
}
