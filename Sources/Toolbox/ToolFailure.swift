/// Why a tool did not do what it was asked, as the model is told.
struct ToolFailure: Error, Equatable {
    let reason: String

    init(_ reason: String) { self.reason = reason }

    init(_ error: SandboxError) { reason = error.description }
}

/// Calls what touches the sandbox, and says its failures in a tool's words.
func inSandbox<Result>(_ body: () throws(SandboxError) -> Result) throws(ToolFailure) -> Result {
    do { return try body() } catch { throw ToolFailure(error) }
}
