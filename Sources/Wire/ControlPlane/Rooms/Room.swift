import Fleet

/// The names of Socket.IO rooms (control-plane §4.3, docs/protocols/fleet-api.md).
public enum Room {
    public static let fleet = "fleet"

    public static func village(_ id: VillageID) -> String { "village:\(id)" }
    public static func agent(_ id: AgentID) -> String { "agent:\(id)" }
    public static func repo(_ id: String) -> String { "repo:\(id)" }
    public static func session(_ id: SessionID) -> String { "session:\(id)" }
    /// Those who may look without being members; what goes there is redacted (§4.5).
    public static func publicVillage(_ id: VillageID) -> String { "village-public:\(id)" }
}
