// What Swift's Glibc module cannot see. Every call returns 0 or an errno, unless it says otherwise.
#pragma once
#include "clinux_dma.h"
#include "clinux_files.h"
#include "clinux_machine.h"
#include "clinux_mappings.h"
#include "clinux_memory.h"
#include "clinux_nodes.h"
#include "clinux_processes.h"
#include "clinux_service.h"
#include "clinux_stream.h"
#include "clinux_thread.h"
#include "clinux_uring.h"
#include "clinux_watches.h"
