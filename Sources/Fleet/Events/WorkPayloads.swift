import Bytes

/// `FILE_TOUCHED`.
public struct FileTouch: Equatable, Sendable {
    public enum Reason: String, CaseIterable, Sendable {
        case read, write, delete, diff
    }

    /// Relative to the workspace.
    public var path: String
    public var roomPath: String?
    public var reason: Reason

    public init(path: String, roomPath: String? = nil, reason: Reason) {
        self.path = path
        self.roomPath = roomPath
        self.reason = reason
    }
}

extension FileTouch: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            path: try fields.string("path"), roomPath: try fields.optionalString("roomPath"),
            reason: try fields.choice("reason"))
    }

    public var json: JSON {
        .omittingNil([
            "path": .string(path), "roomPath": .optional(roomPath), "reason": .string(reason.rawValue),
        ])
    }
}

/// `DIFF_SUMMARY`: what has changed since the checkout.
public struct DiffSummary: Equatable, Sendable {
    public struct File: Equatable, Sendable {
        public enum Status: String, CaseIterable, Sendable {
            case added, modified, deleted, renamed
        }

        public var path: String
        public var status: Status
        public var additions: Int
        public var deletions: Int

        public init(path: String, status: Status, additions: Int, deletions: Int) {
            self.path = path
            self.status = status
            self.additions = additions
            self.deletions = deletions
        }
    }

    public var filesChanged: Int
    public var linesAdded: Int
    public var linesRemoved: Int
    /// At most 500; the totals count the others too.
    public var files: [File]

    public init(filesChanged: Int, linesAdded: Int, linesRemoved: Int, files: [File]) {
        self.filesChanged = filesChanged
        self.linesAdded = linesAdded
        self.linesRemoved = linesRemoved
        self.files = files
    }

    /// Totals over the files given.
    public init(files: [File]) {
        self.init(
            filesChanged: files.count, linesAdded: files.reduce(0) { $0 + $1.additions },
            linesRemoved: files.reduce(0) { $0 + $1.deletions }, files: files)
    }

    public var isEmpty: Bool { filesChanged == 0 }
}

extension DiffSummary.File: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            path: try fields.string("path"), status: try fields.choice("status"),
            additions: try fields.integer("additions", atLeast: 0),
            deletions: try fields.integer("deletions", atLeast: 0))
    }

    public var json: JSON {
        [
            "path": .string(path), "status": .string(status.rawValue), "additions": .integer(additions),
            "deletions": .integer(deletions),
        ]
    }
}

extension DiffSummary: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            filesChanged: try fields.integer("filesChanged", atLeast: 0),
            linesAdded: try fields.integer("linesAdded", atLeast: 0),
            linesRemoved: try fields.integer("linesRemoved", atLeast: 0), files: try fields.shapes("files"))
    }

    public var json: JSON {
        [
            "filesChanged": .integer(filesChanged), "linesAdded": .integer(linesAdded),
            "linesRemoved": .integer(linesRemoved), "files": JSON(shapes: files),
        ]
    }
}

/// `TEST_RUN_STARTED`.
public struct TestRunStart: Equatable, Sendable {
    public var command: String
    public var testFiles: [String]?

    public init(command: String, testFiles: [String]? = nil) {
        self.command = command
        self.testFiles = testFiles
    }
}

extension TestRunStart: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(command: try fields.string("command"), testFiles: try fields.optionalStrings("testFiles"))
    }

    public var json: JSON {
        .omittingNil(["command": .string(command), "testFiles": testFiles.map { .strings($0) }])
    }
}

/// `TEST_RUN_FINISHED`.
public struct TestRunFinish: Equatable, Sendable {
    /// -1 when the run was cut short.
    public var exitCode: Int
    public var passed: Int
    public var failed: Int
    public var skipped: Int
    /// Milliseconds.
    public var duration: Double

    public init(exitCode: Int, passed: Int, failed: Int, skipped: Int, duration: Double) {
        self.exitCode = exitCode
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
        self.duration = duration
    }

    public var isFailure: Bool { exitCode != 0 || failed > 0 }
}

extension TestRunFinish: JSONShape {
    public init(json: JSON) throws(FieldError) {
        let fields = try Fields(json)
        self.init(
            exitCode: try fields.integer("exitCode"), passed: try fields.integer("passed", atLeast: 0),
            failed: try fields.integer("failed", atLeast: 0), skipped: try fields.integer("skipped", atLeast: 0),
            duration: try fields.number("duration", atLeast: 0))
    }

    public var json: JSON {
        [
            "exitCode": .integer(exitCode), "passed": .integer(passed), "failed": .integer(failed),
            "skipped": .integer(skipped), "duration": .number(duration),
        ]
    }
}
