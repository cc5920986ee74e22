import Bytes

/// Which repository a session works on (control-plane §2.5).
public enum RepoRef: Equatable, Sendable {
    /// `provider` is `github`, `gitlab` or `bitbucket`.
    case hosted(provider: Host, owner: String, name: String, defaultBranch: String?)
    case local(path: String, name: String?, defaultBranch: String?)

    public enum Host: String, CaseIterable, Sendable {
        case github, gitlab, bitbucket
    }

    /// The path of a local repository, else `<provider>:<owner>/<name>`: `repoPath` on the wire (§4.6).
    public var repoPath: String {
        switch self {
        case .hosted(let provider, let owner, let name, _): return "\(provider.rawValue):\(owner)/\(name)"
        case .local(let path, _, _): return path
        }
    }

    /// What a person calls it: its name, or the last component of its path.
    public var displayName: String {
        switch self {
        case .hosted(_, _, let name, _): return name
        case .local(_, let name?, _): return name
        case .local(let path, nil, _): return path.split(separator: "/").last.map(String.init) ?? path
        }
    }
}

extension RepoRef: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        let provider = try fields.string("provider")
        let defaultBranch = try fields.optionalString("defaultBranch")
        if provider == "local" {
            let path = try fields.string("path")
            guard path.hasPrefix("/") else { throw FieldError(path: "path", message: "must be absolute") }
            self = .local(path: path, name: try fields.optionalString("name"), defaultBranch: defaultBranch)
            return
        }
        guard let host = Host(rawValue: provider) else {
            throw FieldError(path: "provider", message: "must be one of github, gitlab, bitbucket, local")
        }
        let owner = try fields.string("owner")
        let name = try fields.string("name")
        guard !owner.isEmpty else { throw FieldError(path: "owner", message: "must not be empty") }
        guard !name.isEmpty else { throw FieldError(path: "name", message: "must not be empty") }
        self = .hosted(provider: host, owner: owner, name: name, defaultBranch: defaultBranch)
    }

    public var json: JSON {
        switch self {
        case .hosted(let provider, let owner, let name, let defaultBranch):
            return .omittingNil([
                "provider": .string(provider.rawValue), "owner": .string(owner), "name": .string(name),
                "defaultBranch": .optional(defaultBranch),
            ])
        case .local(let path, let name, let defaultBranch):
            return .omittingNil([
                "provider": "local", "path": .string(path), "name": .optional(name),
                "defaultBranch": .optional(defaultBranch),
            ])
        }
    }
}

/// Which state of the repository a session starts from (control-plane §2.5).
public enum CheckoutSpec: Equatable, Sendable {
    case branch(ref: String)
    case commit(sha: String)
    case tag(String)

    /// What is checked out when a body does not say.
    public static let standard = CheckoutSpec.branch(ref: "main")

    /// The branch, commit or tag itself.
    public var ref: String {
        switch self {
        case .branch(let ref): return ref
        case .commit(let sha): return sha
        case .tag(let tag): return tag
        }
    }
}

extension CheckoutSpec: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        switch try fields.string("type") {
        case "branch": self = .branch(ref: try fields.string("ref"))
        case "commit": self = .commit(sha: try fields.string("sha"))
        case "tag": self = .tag(try fields.string("tag"))
        default: throw FieldError(path: "type", message: "must be one of branch, commit, tag")
        }
    }

    public var json: JSON {
        switch self {
        case .branch(let ref): return ["type": "branch", "ref": .string(ref)]
        case .commit(let sha): return ["type": "commit", "sha": .string(sha)]
        case .tag(let tag): return ["type": "tag", "tag": .string(tag)]
        }
    }
}

/// The directory a session works in (control-plane §2.5). `worktreePath` is for the session's owner only (§2.6).
public struct WorkspaceRef: Equatable, Sendable {
    public var workspaceID: String
    public var repoRef: RepoRef
    public var checkout: CheckoutSpec
    public var worktreePath: String?
    public var roomPath: String?
    public var readOnly: Bool
    public var createdAt: Timestamp

    public init(
        workspaceID: String, repoRef: RepoRef, checkout: CheckoutSpec, worktreePath: String?, roomPath: String? = nil,
        readOnly: Bool = false, createdAt: Timestamp
    ) {
        self.workspaceID = workspaceID
        self.repoRef = repoRef
        self.checkout = checkout
        self.worktreePath = worktreePath
        self.roomPath = roomPath
        self.readOnly = readOnly
        self.createdAt = createdAt
    }

    public var json: JSON {
        .omittingNil([
            "workspaceId": .string(workspaceID), "repoRef": repoRef.json, "checkout": checkout.json,
            "worktreePath": .optional(worktreePath), "roomPath": .optional(roomPath), "readOnly": .bool(readOnly),
            "createdAt": .time(createdAt),
        ])
    }
}
