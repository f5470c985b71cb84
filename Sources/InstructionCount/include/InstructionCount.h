/* The plugin has no interface but QEMU's. */
