/// The words on the command line do not fit the verb. Ends with exit code 2.
struct UsageError: Error, Equatable, Sendable {
    var message: String
    /// The verb whose help would tell, where one was recognised.
    var verb: String?

    init(_ message: String, verb: String? = nil) {
        self.message = message
        self.verb = verb
    }
}
