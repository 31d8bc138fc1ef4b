#pragma once
/// Catch2 under the header name of the installed version: 2 on Debian 12, 3 elsewhere.
#ifdef IMAPFS_CATCH2_V3
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
