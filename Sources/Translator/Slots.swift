import RuntimeABI

/// VCPU fields that are not registers.
typealias Slots = VCPUOffset
