// SPDX-License-Identifier: Apache-2.0
// SPDX-FileCopyrightText: The HomeWise authors

import Foundation
import HomeWiseDomain

/// The registry that comes with the program. Chat models are ranked on the scale of MMLU-Redux in the model's best mode and
/// embedders on that of MTEB, with the evidence beside each figure; sizes of hub files are those that public text names, and
/// the hub's own digest proves each download.
enum EmbeddedRegistry {
    static func load() throws -> ModelRegistry {
        try ModelRegistry(json: Data(RegistryAssets.models.utf8), name: "that comes with HomeWise")
    }
}
