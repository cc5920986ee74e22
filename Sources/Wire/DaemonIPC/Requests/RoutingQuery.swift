import Bytes
import Fleet

/// Which project a terminal is looked for (daemon-ipc §2.4).
public struct RoutingQuery: Hashable, Sendable {
    /// Trimmed and not blank. Whether such a path is allowed is for the service to say, which has the disk.
    public var projectPath: String
    /// Trimmed and not blank; `nil` has it computed (§6.2).
    public var workspaceID: String?

    public init(projectPath: String, workspaceID: String? = nil) {
        self.projectPath = projectPath
        self.workspaceID = workspaceID
    }

    /// Reads the parameters: first their shape, then whether there is a path (D-04).
    init(params: JSON) throws(IPCError) {
        guard params != .null else { throw IPCError(.invalidParams, "params are missing: project_path is required") }
        let path: String?
        let workspace: String?
        do {
            let fields = try Fields(params)
            try fields.allow("project_path", "workspace_id")
            path = try fields.optionalString("project_path")
            workspace = try fields.optionalString("workspace_id")
        } catch { throw .params(error) }
        guard let path = path?.trimmed else {
            throw IPCError(.missingField, "project_path is required, the absolute path of the project")
        }
        guard !path.isEmpty else {
            throw IPCError(.invalidProjectPath, "project_path is blank; give the absolute path of the project")
        }
        self.init(projectPath: path, workspaceID: workspace.map(\.trimmed).flatMap { $0.isEmpty ? nil : $0 })
    }

    func append(to output: inout [UInt8]) {
        output.append(#"{"project_path":"#, projectPath)
        output.append(ifAny: #","workspace_id":"#, workspaceID)
        output.append(UInt8(ascii: "}"))
    }
}
