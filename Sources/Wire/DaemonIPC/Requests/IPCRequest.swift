/// One request: one line, one connection (daemon-ipc §1.2, §1.4).
public struct IPCRequest: Equatable, Sendable {
    /// Echoed in the answer, whatever it is.
    public var id: String?
    public var method: IPCMethod

    public init(id: String? = nil, method: IPCMethod) {
        self.id = id
        self.method = method
    }
}
