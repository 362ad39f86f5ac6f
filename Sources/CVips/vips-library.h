// The system's libvips, found by pkg-config. Only CImaging includes it.
#include <vips/vips.h>
