SEGMENT_GLOB = "*.ami"
