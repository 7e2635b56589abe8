# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The HomeWise authors
"""HomeWise's worker for PyTorch: serves one model on a private Unix socket, in llama-server's words."""

# Whoever imports this package anew has read the code on disk anew: nothing here imports torch.
