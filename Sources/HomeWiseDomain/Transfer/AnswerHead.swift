// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

/// Status and headers of an answer, as values that can be judged without a network.
public struct AnswerHead: Sendable, Equatable {
    public var status: Int
    public var fields: [Field]

    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: String
    }

    public init(status: Int, _ fields: some Sequence<(String, String)>) {
        self.status = status
        self.fields = fields.map { Field(name: $0.0, value: $0.1) }
    }

    /// Every value of a name, in order. Names are compared without regard to case.
    public func values(_ name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.filter { $0.name.lowercased() == wanted }.map(\.value)
    }

    /// What `Content-Length` says.
    ///
    /// - Returns: `nil` where there is none.
    /// - Throws: a reason where it is doubled, no number, or stands beside `Transfer-Encoding`: two readers would then see two bodies.
    func contentLength() throws(AnswerCheck.Doubt) -> Int64? {
        let lengths = values("Content-Length")
        guard let text = lengths.first else { return nil }
        guard lengths.count == 1 else { throw AnswerCheck.Doubt("it tells its length twice") }
        guard values("Transfer-Encoding").isEmpty else { throw AnswerCheck.Doubt("it tells its length in two ways") }
        guard !text.isEmpty, let length = ContentRange.length(text) else { throw AnswerCheck.Doubt("its length is no number") }
        return length
    }

    /// Why the length of this answer cannot be known, as the end of a sentence.
    public var doubt: String? {
        do throws(AnswerCheck.Doubt) { _ = try contentLength() } catch { return error.reason }
        return nil
    }

    /// A coding other than none; `nil` where the body is what it is.
    public var coding: String? {
        for value in values("Content-Encoding") {
            for part in value.lowercased().split(separator: ",") {
                let coding = part.filter { $0 != " " && $0 != "\t" }
                if !coding.isEmpty, coding != "identity" { return coding }
            }
        }
        return nil
    }

    /// “text/html”, without parameters.
    public var mediaType: String? {
        values("Content-Type").first.map { $0.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" } }
    }
}
